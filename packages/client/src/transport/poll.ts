import { BLOCKED, endingOf, UNREACHABLE } from './ending.ts';
import { deliver, type Downlink, type DownlinkHost } from './downlink.ts';
import { EventParser } from './event-parser.ts';

/** A round is answered within a second; who waits longer than this has lost it. */
export const ROUND_MAX_MS = 10_000;
/** Time from the beginning of one round to that of the next at the least, unless something else is wanted. */
export const ROUND_MIN_MS = 250;

/** The way down by long polling: one round after the other, each of at most a second, at any node. */
export class PollDownlink implements Downlink {
  readonly #host: DownlinkHost;
  readonly #abort = new AbortController();
  readonly #session: string;
  #isRunning = false;
  #hurry: () => void = () => {};

  constructor(host: DownlinkHost) {
    this.#host = host;
    this.#session = [...host.environment.randomBytes(16)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  }

  changed(): void {
    this.#hurry();
    if (!this.#isRunning) void this.#run();
  }

  close(): void {
    this.#abort.abort();
    this.#hurry();
  }

  async #run(): Promise<void> {
    const { environment, ended } = this.#host;
    const { signal } = this.#abort;
    this.#isRunning = true;
    while (!signal.aborted) {
      const begun = environment.now();
      const cancelDeadline = environment.after(ROUND_MAX_MS, () => !signal.aborted && ended(BLOCKED));
      const ending = await this.#round().catch(() => UNREACHABLE);
      cancelDeadline();
      if (signal.aborted) return;
      if (ending) return ended(ending);
      await this.#pause(begun + ROUND_MIN_MS - environment.now());
    }
  }

  /** Resolves with how it all ended, or with nothing when the next round is due. */
  async #round(): Promise<typeof UNREACHABLE | null> {
    const { post, request } = this.#host;
    const { signal } = this.#abort;
    const response = await post('/api/poll', { session: this.#session, ...request() }, signal);
    if (!response.ok) return endingOf(response);
    const events = new EventParser().push(await response.text());
    for (const event of events) {
      if (signal.aborted) return null;
      deliver(event, this.#host);
    }
    return null;
  }

  /** Until `ms` are over or something else is wanted. */
  #pause(ms: number): Promise<void> {
    if (ms <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#host.environment.after(ms, resolve);
      this.#hurry = () => {
        cancel();
        resolve();
      };
    });
  }
}
