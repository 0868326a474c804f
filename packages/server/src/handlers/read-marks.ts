import type { Clock, Store } from '@konferenco/core';
import type { LogName } from '@konferenco/protocol';

/** How long read marks gather before they are stored. */
const FLUSH_MS = 5_000;
/** Marks that may wait; a full set is stored at once, and loses its oldest while the store does not take it. */
const MOST_WAITING = 10_000;

/** How far each user has read each log: kept in the record collection `read` under `user/log`, gathered for up to 5 s. */
export class ReadMarks {
  readonly #store: Store;
  readonly #clock: Clock;
  #waiting = new Map<string, number>();
  #timer: (() => void) | null = null;
  /** The last try failed. */
  #isAway = false;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Notes that `user` has read `log` up to `offset`; a mark never moves back. */
  note(user: string, log: LogName, offset: number): void {
    const key = `${user}/${log}`;
    if ((this.#waiting.get(key) ?? 0) >= offset) return;
    this.#waiting.set(key, offset);
    const [oldest] = this.#waiting.keys();
    if (this.#waiting.size > MOST_WAITING && oldest !== undefined) this.#waiting.delete(oldest);
    if (this.#waiting.size >= MOST_WAITING && !this.#isAway) void this.flush();
    else this.#timer ??= this.#clock.after(FLUSH_MS, () => void this.flush());
  }

  /** Stores what has gathered. Marks that cannot be stored wait for the next time. */
  async flush(): Promise<void> {
    this.#timer?.();
    this.#timer = null;
    const marks = this.#waiting;
    this.#waiting = new Map();
    const changes = await Promise.all([...marks].map(([key, offset]) => this.#advance(key, offset)));
    const commands = changes.flatMap((change) => (change ? [{ changes: [change] }] : []));
    if (commands.length === 0) return;
    this.#isAway = await this.#store.commit(commands).then(
      () => false,
      () => this.#keep(marks),
    );
  }

  async #advance(
    key: string,
    offset: number,
  ): Promise<{ collection: string; key: string; value: { offset: number } } | null> {
    const record = await this.#store.get('read', key).catch(() => null);
    const stored = (record?.value as { offset: number } | undefined)?.offset ?? 0;
    return offset > stored ? { collection: 'read', key, value: { offset } } : null;
  }

  #keep(marks: ReadonlyMap<string, number>): true {
    for (const [key, offset] of marks) this.#waiting.set(key, Math.max(offset, this.#waiting.get(key) ?? 0));
    this.#timer ??= this.#clock.after(FLUSH_MS, () => void this.flush());
    return true;
  }
}
