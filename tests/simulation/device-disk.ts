import { type LocalChange, type LocalStore, memoryStore } from '@konferenco/client/storage';
import type { SeededRandom, VirtualClock } from '@konferenco/testkit';

/** How long a write takes (ms). */
const WRITE_MS: readonly [number, number] = [0, 40];

interface Waiting {
  readonly changes: readonly LocalChange[];
  readonly done: () => void;
}

/** What survives a device's programs. A program that dies loses any number of the writes that had not resolved, the newest first. */
export class DeviceDisk {
  readonly #inner = memoryStore();
  readonly #clock: VirtualClock;
  readonly #random: SeededRandom;
  #waiting: Waiting[] = [];

  constructor(clock: VirtualClock, random: SeededRandom) {
    this.#clock = clock;
    this.#random = random;
  }

  /** The store as one program sees it; after the program's death it does nothing any more. */
  open(): LocalStore {
    const inner = this.#inner;
    return {
      kind: 'durable',
      get: (table, key) => inner.get(table, key),
      list: (table, range) => inner.list(table, range),
      drop: (table, prefix) => inner.drop(table, prefix),
      usage: () => inner.usage(),
      close: () => Promise.resolve(),
      write: (changes) => this.#write(changes),
    };
  }

  /** The program dies. */
  async crash(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    const survive = this.#random.int(0, waiting.length);
    for (const { changes } of waiting.slice(0, survive)) await this.#inner.write(changes);
  }

  #write(changes: readonly LocalChange[]): Promise<void> {
    // What the program changes afterwards is not what it wrote.
    const copy = JSON.parse(JSON.stringify(changes)) as LocalChange[];
    return new Promise((done) => {
      this.#waiting.push({ changes: copy, done });
      this.#clock.after(this.#random.int(...WRITE_MS), () => void this.#apply());
    });
  }

  /** Writes take effect in their order, whichever is through first. */
  async #apply(): Promise<void> {
    const next = this.#waiting.shift();
    if (!next) return;
    await this.#inner.write(next.changes);
    next.done();
  }
}
