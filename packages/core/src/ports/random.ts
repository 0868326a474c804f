/** Randomness. Injected everywhere, so that a simulation repeats exactly. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
  /** `count` random bytes. */
  bytes(count: number): Uint8Array;
}
