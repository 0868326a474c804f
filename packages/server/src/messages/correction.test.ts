import { expect, test } from 'bun:test';
import type { Access } from '@konferenco/core';
import { createMemoryStore } from '../adapters/memory/store.ts';
import { planCorrection } from './correction.ts';

const everybody: Access = {
  mayRead: () => 'ok',
  mayPublish: () => 'ok',
  mayModerate: () => false,
  blocked: () => false,
};
const id = (n: number) => `019d0000-0000-7000-8000-${String(n).padStart(12, '0')}`;

async function storeWithMessage() {
  const store = createMemoryStore({ now: () => 1_000 });
  const append = (n: number) => ({ log: 'ch:x', id: id(n), sender: 'mere', envelope: `{"n":${n}}`, expires_at: 1e15 });
  await store.commit([{ appends: [append(1)] }]);
  const edit = (n: number, subtype = 'edit') =>
    planCorrection(store, everybody, { user: 'mere', log: 'ch:x', target: id(1), id: id(n), subtype });
  return { store, append, edit };
}

test.each(['edit', 'delete'])('a correction (%s) whose answer was lost can be sent again', async (subtype) => {
  const { store, append, edit } = await storeWithMessage();
  for (let i = 0; i < 2; i++) {
    const plan = await edit(2, subtype);
    if (plan.kind === 'refused') throw new Error(plan.error);
    const [outcome] = await store.commit([{ ...plan, appends: [append(2)] }]);
    expect(outcome?.kind).toBe(i === 0 ? 'committed' : 'duplicate');
  }
});

test('an edit and a deletion decided at the same time cannot both happen', async () => {
  const { store, append, edit } = await storeWithMessage();
  const [change, removal] = await Promise.all([edit(2), edit(3, 'delete')]);
  if (change.kind === 'refused' || removal.kind === 'refused') throw new Error('both are possible so far');
  const [first] = await store.commit([{ ...removal, appends: [append(3)] }]);
  const [second] = await store.commit([{ ...change, appends: [append(2)] }]);
  expect([first?.kind, second?.kind]).toEqual(['committed', 'conflict']);
});

test("another's id does not open the way to another's message", async () => {
  const { store } = await storeWithMessage();
  await store.commit([{ appends: [{ log: 'ch:x', id: id(9), sender: 'rangi', envelope: '{}', expires_at: 1e15 }] }]);
  const plan = (user: string) =>
    planCorrection(store, everybody, { user, log: 'ch:x', target: id(1), id: id(9), subtype: 'delete' });
  expect(await plan('thief')).toMatchObject({ kind: 'refused', error: 'forbidden' });
});
