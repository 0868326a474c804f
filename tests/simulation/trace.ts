import { createHash } from 'node:crypto';

/** Lines kept for a failure's report. */
const KEPT = 400;

/** What happened, line by line: hashed whole, so that two runs can be compared, and kept in part, so that a failure can be read. */
export class Trace {
  readonly #now: () => number;
  readonly #start: number;
  readonly #hash = createHash('sha256');
  readonly #last: string[] = [];

  constructor(now: () => number) {
    this.#now = now;
    this.#start = now();
  }

  note(line: string): void {
    const stamped = `${((this.#now() - this.#start) / 1000).toFixed(3)} ${line}`;
    this.#hash.update(`${stamped}\n`);
    this.#last.push(stamped);
    if (this.#last.length > KEPT * 2) this.#last.splice(0, KEPT);
  }

  /** The newest lines, oldest first. */
  last(): readonly string[] {
    return this.#last.slice(-KEPT);
  }

  digest(): string {
    return this.#hash.copy().digest('hex');
  }
}
