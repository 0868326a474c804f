import type { Identity } from './identity.ts';
import type { Intents, Kind } from './trace.ts';

/** What a library sends or stores: bytes, or the text of JSON. */
export type Payload = Uint8Array | string;

/** One replica of one document, driven by what a person does. */
export interface Replica<I> {
  /**
   * Does it here: one operation, one transaction.
   *
   * @param now Unix ms.
   * @returns what is sent to the others.
   */
  apply(intent: I, now: number): Payload;
  /** Takes in what one `apply` elsewhere returned. */
  merge(update: Payload): void;
  /** Takes in many at once, as they come after an absence. */
  mergeAll(updates: readonly Payload[]): void;
  /** All that happened since this replica was opened, as one message. `log`: the updates it is made of. */
  batch(log: readonly Payload[]): Payload;
  mergeBatch(batch: Payload): void;
  /** The full state, to be kept. */
  save(): Payload;
  /** What a person sees, as plain JSON. */
  content(): unknown;
  /** Gives back memory that no garbage collector sees. */
  free(): void;
}

/** One kind of document as a library holds it. */
export interface DocumentType<I> {
  /** The state of a document nobody has written to. */
  empty(founder: Identity): Payload;
  open(state: Payload, identity: Identity): Replica<I>;
}

export interface Library {
  readonly name: string;
  readonly types: { readonly [K in Kind]: DocumentType<Intents[K]> };
}

export function bytesIn(payload: Payload): number {
  return typeof payload === 'string' ? Buffer.byteLength(payload) : payload.byteLength;
}

/** @throws {TypeError} it is a text: another library's. */
export function binary(payload: Payload): Uint8Array {
  if (typeof payload === 'string') throw new TypeError('not binary');
  return payload;
}

/** @throws {TypeError} it is binary: another library's. */
export function text(payload: Payload): string {
  if (typeof payload !== 'string') throw new TypeError('not a text');
  return payload;
}
