import { expect, test } from 'bun:test';
import type { OutboxEntry } from '../types.ts';
import { LocalStoreError } from './local-store.ts';
import { memoryStore } from './memory-store.ts';
import { outboxOnStore } from './outbox-on-store.ts';

const entry = (id: string, created_at: number): OutboxEntry => ({ id, log: 'ch:hall', envelope: '{}', created_at });

test('entries are loaded oldest first, those of one moment by id, and are gone once deleted', async () => {
  const outbox = outboxOnStore({ store: memoryStore(), lost: () => {} });
  for (const one of [entry('c', 1), entry('b', 2), entry('a', 2), entry('d', 0)]) await outbox.put(one);
  await outbox.put(entry('d', 0));
  expect((await outbox.load()).map(({ id }) => id)).toEqual(['d', 'c', 'a', 'b']);
  await outbox.delete('c');
  expect((await outbox.load()).map(({ id }) => id)).toEqual(['d', 'a', 'b']);
});

test('damaged entries are removed and counted, and do not keep the others from being sent', async () => {
  const store = memoryStore();
  const damaged = new Set(['b', 'c']);
  const lost: number[] = [];
  const outbox = outboxOnStore({
    store: {
      ...store,
      async list(table, range) {
        const rows = await store.list(table, range);
        const bad = rows.flatMap(({ key }) => (damaged.has(key) ? [key] : []));
        if (bad.length > 0) throw new LocalStoreError('damaged', 'rows are damaged', undefined, bad);
        return rows;
      },
    },
    lost: (count) => lost.push(count),
  });
  for (const id of ['a', 'b', 'c', 'd']) await outbox.put(entry(id, 1));
  expect((await outbox.load()).map(({ id }) => id)).toEqual(['a', 'd']);
  expect(lost).toEqual([2]);
});

test('a store that cannot be read says so, instead of looking empty', async () => {
  const store = memoryStore();
  const outbox = outboxOnStore({ store, lost: () => {} });
  await store.close();
  await expect(outbox.load()).rejects.toMatchObject({ fault: 'unavailable' });
  await expect(outbox.put(entry('a', 1))).rejects.toMatchObject({ fault: 'unavailable' });
});
