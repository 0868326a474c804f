import { malformed, readList, readState, readString, readTimestamp } from './format.ts';
import { replaces, type Stamped } from './stamp.ts';
import type { Timestamp } from './timestamp.ts';

/** `r`: value, timestamp, node; `null` while nothing was written. */
export interface LWWRegisterState<T> {
  readonly v: 1;
  readonly r: readonly [value: T, timestamp: Timestamp, node: string] | null;
}

/**
 * One value; the latest write stands. The clock is the caller's: give each write a tick of a hybrid logical clock, and
 * refuse operations whose timestamp that clock calls `ahead`.
 *
 * Johnson, Thomas: "The maintenance of duplicate databases" (RFC 677, 1975).
 */
export class LWWRegister<T> {
  #current: Stamped<T> | null = null;

  /** A register of that state. What the value itself is, is the caller's to check.
   * @throws {CrdtFormatError} */
  static from<T>(state: unknown): LWWRegister<T> {
    const register = new LWWRegister<T>();
    register.merge(state as LWWRegisterState<T>);
    return register;
  }

  /** @returns whether this write is now the value.
   * @throws {CrdtFormatError} the timestamp is none. */
  apply(write: Stamped<T>): boolean {
    if (!replaces(write, this.#current)) return false;
    this.#current = { value: write.value, timestamp: write.timestamp, node: write.node };
    return true;
  }

  value(): T | undefined {
    return this.#current?.value;
  }

  /** The write that stands, or `null` before the first. */
  current(): Stamped<T> | null {
    return this.#current;
  }

  state(): LWWRegisterState<T> {
    const write = this.#current;
    return { v: 1, r: write && [write.value, write.timestamp, write.node] };
  }

  /** @returns whether anything changed.
   * @throws {CrdtFormatError} */
  merge(state: LWWRegisterState<T>): boolean {
    const { r } = readState(state, 'register');
    if (r === null) return false;
    const [value, timestamp, node] = readList(r, 'register');
    if (value === undefined) throw malformed('register', 'no value');
    return this.apply({
      value: value as T,
      timestamp: readTimestamp(timestamp, 'register'),
      node: readString(node, 'register'),
    });
  }
}
