/** Time and timers. Injected everywhere, so that a simulation runs in virtual time. */
export interface Clock {
  /** Unix milliseconds. */
  now(): number;
  /** Calls `fn` once, not before `ms` milliseconds from now. Returns what cancels it. */
  after(ms: number, fn: () => void): () => void;
  /** Calls `fn` once the present turn's input is read: the moment to send what has gathered. */
  soon(fn: () => void): void;
}
