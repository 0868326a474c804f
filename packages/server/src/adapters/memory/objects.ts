import {
  type ByteRange,
  type LinkOptions,
  OBJECT_KEY,
  type ObjectBody,
  type ObjectInfo,
  type ObjectPage,
  type ObjectStore,
} from '@konferenco/core';
import { exactly } from '../object-body.ts';

interface Kept {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly modified_at: number;
}

/** Objects that are forgotten with the process: for tests and throw-away servers. Here alone memory grows with what is kept. */
export function createMemoryObjects({
  sign,
  now,
}: {
  /** Makes a path of this server's of a key. */
  readonly sign: (key: string, options: LinkOptions) => string;
  readonly now: () => number;
}): ObjectStore {
  const kept = new Map<string, Kept>();
  const infoOf = (key: string, { bytes, modified_at }: Kept): ObjectInfo => ({ key, size: bytes.length, modified_at });
  return {
    async put(key, body, size) {
      if (!OBJECT_KEY.test(key)) throw new TypeError(`not the key of an object: ${JSON.stringify(key)}`);
      const parts: Uint8Array[] = [];
      for await (const piece of exactly(body, size)) parts.push(piece.slice());
      kept.set(key, { bytes: new Uint8Array(Buffer.concat(parts)), modified_at: now() });
    },
    async get(key, range): Promise<ObjectBody | null> {
      const found = kept.get(key);
      return found ? { size: found.bytes.length, bytes: piecesOf(found.bytes, range) } : null;
    },
    async stat(key) {
      const found = kept.get(key);
      return found ? infoOf(key, found) : null;
    },
    async delete(key) {
      kept.delete(key);
    },
    async list(prefix, { after = '', limit }): Promise<ObjectPage> {
      const keys = [...kept.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
      const page = keys.slice(0, limit);
      const objects = page.flatMap((key) => {
        const found = kept.get(key);
        return found ? [infoOf(key, found)] : [];
      });
      const last = page.at(-1);
      return keys.length > limit && last !== undefined ? { objects, next: last } : { objects };
    },
    link: async (key, options) => sign(key, options),
    sweep: async () => 0,
    async close() {
      kept.clear();
    },
  };
}

const PIECE = 262_144;

async function* piecesOf(
  bytes: Uint8Array<ArrayBuffer>,
  { first, last }: ByteRange = { first: 0, last: bytes.length - 1 },
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let at = first; at <= last; at += PIECE) yield bytes.slice(at, Math.min(at + PIECE, last + 1));
}
