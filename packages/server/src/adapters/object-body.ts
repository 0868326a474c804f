import { ObjectSizeError } from '@konferenco/core';

/** Passes a body on, and rejects as soon as it is longer than `size`, or at its end when it is shorter. */
export async function* exactly(body: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array> {
  let passed = 0;
  for await (const piece of body) {
    passed += piece.length;
    if (passed > size) throw new ObjectSizeError(`the body is longer than ${size} bytes`);
    yield piece;
  }
  if (passed < size) throw new ObjectSizeError(`the body ended after ${passed} of ${size} bytes`);
}

/** Gathers a body into blocks of `size` bytes each, the last one shorter. A block is good until the next is asked for. */
export async function* blocksOf(
  body: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let block = new Uint8Array(size);
  let filled = 0;
  for await (const piece of body) {
    for (let from = 0; from < piece.length; ) {
      const part = piece.subarray(from, from + size - filled);
      block.set(part, filled);
      filled += part.length;
      from += part.length;
      if (filled < size) continue;
      yield block;
      block = new Uint8Array(size);
      filled = 0;
    }
  }
  if (filled > 0) yield block.subarray(0, filled);
}
