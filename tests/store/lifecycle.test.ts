import { afterEach, beforeEach, expect, test } from 'bun:test';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Store } from '../../packages/core/src/ports/store.ts';
import { openEmbeddedStore } from '../../packages/server/src/adapters/embedded/store.ts';
import { openWatched, parseOutput, startWriter, temporaryDirectory } from './support.ts';

let dir: string;
beforeEach(async () => {
  dir = await temporaryDirectory();
});
afterEach(() => rm(dir, { recursive: true }));

const expires_at = Date.now() + 86_400_000;

async function commitTexts(store: Store, texts: readonly string[]): Promise<void> {
  const append = (text: string) => ({
    ...{ log: 'ch:a', id: Bun.randomUUIDv7(), sender: 'ann', envelope: JSON.stringify({ text }), expires_at, text },
  });
  await store.commit(texts.map((text) => ({ appends: [append(text)] })));
}

async function find(store: Store, words: string): Promise<number[]> {
  return (await store.search({ words, logs: ['ch:a'], limit: 10 })).hits.map((hit) => hit.entry.offset);
}

// proves ST-10
test('the epoch outlives a restart and changes only when asked', async () => {
  const first = await openWatched(dir);
  await first.store.close();
  const second = await openWatched(dir);
  await second.store.close();
  expect(second.store.epoch).toBe(first.store.epoch);
  const restored = await openEmbeddedStore({ dir, renewEpoch: true, inspectAfterMs: null });
  await restored.close();
  expect(restored.epoch).not.toBe(first.store.epoch);
});

test('a directory in use is refused to a second process', async () => {
  const { store } = await openWatched(dir);
  const second = startWriter(dir, { writers: 1, stopAfter: 1, quiet: true });
  expect(parseOutput(await new Response(second.stdout).text()).acknowledged).toEqual([]);
  expect(await second.exited).not.toBe(0);
  await store.close();
  const third = startWriter(dir, { writers: 1, stopAfter: 1 });
  expect(parseOutput(await new Response(third.stdout).text()).acknowledged.length).toBe(1);
  expect(await third.exited).toBe(0);
});

test('a lost or ruined search index is built anew from the log', async () => {
  const first = await openWatched(dir);
  await commitTexts(first.store, ['kia ora koutou', 'haere mai', 'kia kaha']);
  await first.store.commit([{ erases: [{ log: 'ch:a', offset: 3 }] }]);
  expect(await find(first.store, 'kia')).toEqual([1]);
  await first.store.close();

  await rm(join(dir, 'search.db'));
  const second = await openWatched(dir);
  expect(await find(second.store, 'kia')).toEqual([1]);
  await second.store.close();

  await writeFile(join(dir, 'search.db'), 'this is no database');
  const third = await openWatched(dir);
  expect(await find(third.store, 'haere')).toEqual([2]);
  expect(third.damage.length).toBe(1);
  expect(third.damage[0]).toContain('the search index is built anew');
  await third.store.close();
});

test('the write-ahead log stays bounded under a steady stream of commits', async () => {
  const { store } = await openWatched(dir);
  let largest = 0;
  for (let round = 0; round < 160; round++) {
    await commitTexts(
      store,
      Array.from({ length: 400 }, (_, n) => `${round} ${n} ${'words '.repeat(60)}`),
    );
    largest = Math.max(largest, store.health().wal_bytes);
  }
  expect(largest).toBeGreaterThan(8 * 1024 * 1024);
  expect(largest).toBeLessThan(64 * 1024 * 1024);
  expect((await store.states(['ch:a']))[0]?.head).toBe(64_000);
  await store.close();
}, 90_000);
