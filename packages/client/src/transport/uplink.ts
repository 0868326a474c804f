import { LIMITS } from '@konferenco/protocol';
import type { ClientFrame, ServerFrame } from '@konferenco/protocol';
import { asServerError, type Ending, endingOf, UNREACHABLE } from './ending.ts';
import { EventParser } from './event-parser.ts';
import { leavesOpen, outOfTurn } from './out-of-turn.ts';

/** UTF-8 bytes of one request, below what the server takes. */
const BYTES_MAX = 60_000;

export interface UplinkOptions {
  /** Sends one request; rejects when the server cannot be reached. `last`: it may outlive the page. */
  readonly post: (frames: string, last: boolean) => Promise<Response>;
  /** A frame came in an answer. */
  readonly hear: (text: string) => void;
  readonly ended: (ending: Ending) => void;
}

/**
 * Frames that go up by requests, in their order: one request at a time, which carries all that waits. What waits is bounded by
 * the requests the SDK may have open.
 */
export class Uplink {
  readonly #options: UplinkOptions;
  #waiting: string[] = [];
  #isBusy = false;
  #isClosed = false;

  constructor(options: UplinkOptions) {
    this.#options = options;
  }

  /** Characters that were not sent yet. */
  get buffered(): number {
    return this.#waiting.reduce((sum, text) => sum + text.length, 0);
  }

  push(text: string): void {
    this.#waiting.push(text);
    // Frames of the same moment share a request.
    if (!this.#isBusy) queueMicrotask(() => void this.#flush());
  }

  /**
   * Sends what waits, whose answers nobody hears any more. Messages behind a request without an answer stay: were that one
   * lost, they would overtake what it carried, which the next connection says again.
   */
  close(): void {
    this.#isClosed = true;
    if (this.#isBusy) this.#waiting = this.#waiting.filter((text) => !isPublish(text));
    const frames = this.#take();
    // Without an answer the next connection says it again.
    if (frames.length > 0) this.#options.post(`[${frames.join(',')}]`, true).catch(() => undefined);
  }

  async #flush(): Promise<void> {
    if (this.#isBusy || this.#isClosed) return;
    this.#isBusy = true;
    for (let frames = this.#take(); frames.length > 0 && !this.#isClosed; frames = this.#take())
      await this.#send(frames);
    this.#isBusy = false;
  }

  async #send(frames: readonly string[]): Promise<void> {
    const { post, ended } = this.#options;
    try {
      const response = await post(`[${frames.join(',')}]`, false);
      if (this.#isClosed) return;
      if (!response.ok) return await this.#refused(frames, response);
      const heard = new EventParser().push(await response.text()).map(({ data }) => data);
      if (this.#isClosed) return;
      this.#answer(frames, heard);
      // What waits must not overtake it; the next connection says all of it again, in order (DL-24).
      if (leavesOpen(frames, heard)) ended(UNREACHABLE);
    } catch {
      if (!this.#isClosed) ended(UNREACHABLE);
    }
  }

  /** What is wrong with the request or asks for patience is the frames' answer; anything else ends the connection. */
  async #refused(frames: readonly string[], response: Response): Promise<void> {
    const { ended } = this.#options;
    const error = await response
      .clone()
      .json()
      .then(asServerError, () => null);
    if (this.#isClosed) return;
    const isAnswer = error !== null && (error.code < 2000 || (error.code >= 3000 && error.code < 4000));
    if (!isAnswer) return ended(await endingOf(response));
    const answers = frames.flatMap((text) => {
      const frame = JSON.parse(text) as ClientFrame;
      const ref = 'ref' in frame ? frame.ref : undefined;
      return ref === undefined ? [] : [JSON.stringify({ ...error, type: 'error', ref } satisfies ServerFrame)];
    });
    this.#answer(frames, answers);
  }

  #answer(frames: readonly string[], heard: readonly string[]): void {
    const { waiting, answers } = outOfTurn(this.#waiting, frames, heard);
    this.#waiting = [...waiting];
    for (const text of [...heard, ...answers]) this.#options.hear(text);
  }

  #take(): readonly string[] {
    let bytes = 0;
    let count = 0;
    for (const text of this.#waiting.slice(0, LIMITS.frames_at_once)) {
      bytes += new TextEncoder().encode(text).length + 1;
      if (count > 0 && bytes > BYTES_MAX) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }
}

function isPublish(text: string): boolean {
  return (JSON.parse(text) as ClientFrame).type === 'publish';
}
