import type { Payload } from './replica.ts';

/** States of one library in one file: their number, whether they are texts, their lengths, and then the bytes. */
export function packStates(states: readonly Payload[]): Uint8Array {
  const bytes = states.map((state) => Buffer.from(state as Uint8Array));
  const head = new Uint32Array([
    states.length,
    typeof states[0] === 'string' ? 1 : 0,
    ...bytes.map(({ length }) => length),
  ]);
  return Buffer.concat([Buffer.from(head.buffer), ...bytes]);
}

export function unpackStates(file: Uint8Array): Payload[] {
  const copy = file.slice();
  const [count = 0, texts] = new Uint32Array(copy.buffer, 0, 2);
  let at = 4 * (2 + count);
  return Array.from(new Uint32Array(copy.buffer, 8, count), (length) => {
    const state = copy.slice(at, at + length);
    at += length;
    return texts === 1 ? new TextDecoder().decode(state) : state;
  });
}
