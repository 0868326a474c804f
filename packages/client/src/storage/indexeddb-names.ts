import { indexedDbFault } from './indexeddb-schema.ts';
import { storeOf } from './store-name.ts';

/**
 * A database cannot be renamed, so a damaged one is set aside by going on with the next generation, `name~1`. The
 * newest there is counts; a browser that cannot list databases begins with the first.
 */
export async function newestOf(base: string): Promise<string> {
  const generations = (await databaseNames()).filter((name) => storeOf(name) === base).map(generationOf);
  const newest = Math.max(0, ...generations);
  return newest === 0 ? base : `${base}~${newest}`;
}

/** 0: the first. */
export function generationOf(name: string): number {
  return Number(name.split('~')[1] ?? 0);
}

/** @throws {import('./local-store.ts').LocalStoreError} */
export async function databaseNames(): Promise<readonly string[]> {
  try {
    return (await indexedDB.databases?.())?.flatMap(({ name }) => name ?? []) ?? [];
  } catch (error) {
    throw indexedDbFault(error);
  }
}
