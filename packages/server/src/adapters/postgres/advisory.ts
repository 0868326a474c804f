/** Marks the store's advisory locks among those of other programs in one database: "Konf". */
const OURS = 0x4b6f6e66;

/** The two keys of a named advisory lock of one schema. */
export function lockKeys(schema: string, name: string): [number, number] {
  return [OURS, Bun.hash.crc32(`${schema}\n${name}`) | 0];
}
