import { expect, test } from 'bun:test';
import { type Command, StoreUnavailableError } from '@konferenco/core';
import { createMemoryStore } from '../adapters/memory/store.ts';
import { ReadMarks } from './read-marks.ts';

test('while the store takes nothing, marks wait without asking it again and again, and the newest are kept', async () => {
  const inner = createMemoryStore({ now: () => 1 });
  let isAway = true;
  let asked = 0;
  const store = Object.assign(Object.create(inner), {
    get: (collection: string, key: string) => inner.get(collection, key),
    async commit(commands: readonly Command[]) {
      asked++;
      if (isAway) throw new StoreUnavailableError('away');
      return inner.commit(commands);
    },
  });
  const clock = { now: () => 1, after: () => () => {}, soon() {} };
  const marks = new ReadMarks(store, clock);
  marks.note('u', 'ch:first', 1);
  await marks.flush();
  for (let n = 0; n < 12_000; n++) marks.note('u', `ch:${n}`, n + 1);
  expect(asked).toBe(1);
  isAway = false;
  await marks.flush();
  expect(await inner.get('read', 'u/ch:11999')).toMatchObject({ value: { offset: 12_000 } });
  expect(await inner.get('read', 'u/ch:first')).toBeNull();
  expect(await inner.get('read', 'u/ch:1999')).toBeNull();
  expect(await inner.get('read', 'u/ch:2000')).toMatchObject({ value: { offset: 2_001 } });
});
