import { expect, test } from 'bun:test';
import { factsOf, viewMeeting, viewNotes } from '@konferenco/core';
import { applyUpdate, Doc, encodeStateAsUpdate } from 'yjs';
import { read } from '../accounts/records.ts';
import type { World } from '../accounts/test-world.ts';
import { createWorld } from '../accounts/test-world.ts';
import { block } from '../accounts/preferences.ts';
import { MEETINGS, TURNS, USER_MEETINGS } from './records.ts';
import { HOUR, snapshotOf, Writer } from './test-sync.ts';

const MEETING = '01932b00-0000-7000-8000-00000000000a';

async function asked() {
  const world = await createWorld();
  const [aroha, ben] = [new Writer(world, 'aroha'), new Writer(world, 'ben')];
  const request = { meeting: MEETING, title: 'Talk', ...slot(world, 1), ...aroha.stamp() };
  await aroha.meeting('request', 'ben', request);
  return { world, aroha, ben, proposal: request.dot };
}

const slot = (world: World, hours: number) => ({
  starts_at: world.clock.now() + hours * HOUR,
  ends_at: world.clock.now() + (hours + 1) * HOUR,
});
const viewOf = async (world: World, user: string) =>
  viewMeeting((await read(world.store, MEETINGS, MEETING)).value, user);
const answer = (writer: Writer, proposal: string) => ({ meeting: MEETING, proposal, ...writer.stamp() });
const propose = (writer: Writer, world: World, hours: number) => ({
  meeting: MEETING,
  ...slot(world, hours),
  ...writer.stamp(),
});

test('a meeting is agreed when the one asked accepts', async () => {
  const { world, aroha, ben, proposal } = await asked();
  expect((await viewOf(world, 'ben'))?.standing).toBe('waiting_for_me');
  await ben.meeting('accept', 'aroha', answer(ben, proposal));
  expect((await viewOf(world, 'aroha'))?.standing).toBe('agreed');
  expect((await read(world.store, USER_MEETINGS, `ben/${MEETING}`)).value?.standing).toBe('agreed');
  expect(await aroha.meeting('accept', 'ben', answer(aroha, proposal))).toMatchObject({ error: 'invalid' });
});

// proves CF-3
test('an answer to a time that was changed meanwhile is kept, does not count, and asks to accept again', async () => {
  const { world, aroha, ben, proposal } = await asked();
  await aroha.meeting('propose_time', 'ben', propose(aroha, world, 3));
  expect(await ben.meeting('accept', 'aroha', answer(ben, proposal))).toMatchObject({ kind: 'kept' });
  const view = await viewOf(world, 'ben');
  expect(view).toMatchObject({ standing: 'waiting_for_me', accept_again: true });
  await ben.meeting('accept', 'aroha', answer(ben, view?.proposal ?? ''));
  expect((await viewOf(world, 'ben'))?.standing).toBe('agreed');
});

// proves CF-5
test('a cancelled meeting takes nothing more, and says so', async () => {
  const { world, aroha, ben, proposal } = await asked();
  await aroha.meeting('cancel', 'ben', { meeting: MEETING, reason: 'Train', ...aroha.stamp() });
  expect(await ben.meeting('accept', 'aroha', answer(ben, proposal))).toMatchObject({ error: 'conflict' });
  expect(await ben.meeting('propose_time', 'aroha', propose(ben, world, 5))).toMatchObject({ error: 'conflict' });
  expect(await viewOf(world, 'ben')).toMatchObject({ standing: 'cancelled', reason: 'Train' });
});

// proves SY-8
test('nobody but the two has a part in a meeting', async () => {
  const { world, proposal } = await asked();
  const sefa = new Writer(world, 'sefa');
  expect(await sefa.meeting('accept', 'aroha', answer(sefa, proposal))).toMatchObject({ error: 'not_found' });
  expect(await sefa.meeting('cancel', 'aroha', { meeting: MEETING, ...sefa.stamp() })).toMatchObject({
    error: 'not_found',
  });
  expect((await viewOf(world, 'ben'))?.standing).toBe('waiting_for_me');
  expect((await snapshotOf(world, 'sefa', { namespace: 'personal', user: 'sefa' })).has(`meeting/${MEETING}`)).toBe(
    false,
  );
});

test('after a block a meeting can still be called off, but not asked for', async () => {
  const { world, aroha, ben } = await asked();
  await block(world, 'ben', 'aroha');
  expect(await aroha.meeting('propose_time', 'ben', propose(aroha, world, 4))).toMatchObject({ error: 'blocked' });
  expect(await ben.meeting('cancel', 'aroha', { meeting: MEETING, ...ben.stamp() })).toMatchObject({ kind: 'kept' });
});

test('an answer names a proposal of the other that there is', async () => {
  const { ben } = await asked();
  expect(await ben.meeting('accept', 'aroha', answer(ben, 'nobody:1'))).toMatchObject({ error: 'not_found' });
});

test('an agenda grows by items that bear the dots that put them there, up to fifty', async () => {
  const { world, aroha, ben } = await asked();
  const insert = (writer: Writer, after: string | null, item?: string) => {
    const said = writer.stamp();
    const change = { op: 'insert', item: item ?? said.dot, after, text: 'x' };
    return writer.meeting('agenda_change', writer === aroha ? 'ben' : 'aroha', { meeting: MEETING, ...said, change });
  };
  expect(await insert(aroha, null, 'other:7')).toMatchObject({ error: 'invalid' });
  expect(await insert(aroha, 'unknown:1')).toMatchObject({ error: 'not_found' });
  for (let item = 0; item < 50; item++) await insert(item % 2 ? aroha : ben, null);
  expect(await insert(aroha, null)).toMatchObject({ error: 'too_large' });
  expect((await viewOf(world, 'ben'))?.agenda.length).toBe(50);
});

// proves CF-8
test('minutes hold what both wrote, and refuse what is no text', async () => {
  const { world, aroha, ben } = await asked();
  const write = async (writer: Writer, to: string, text: string) => {
    const doc = new Doc();
    doc.getText('notes').insert(0, text);
    const update = Buffer.from(encodeStateAsUpdate(doc)).toString('base64');
    return writer.meeting('notes_change', to, { meeting: MEETING, update });
  };
  expect(await write(aroha, 'ben', 'One. ')).toMatchObject({ kind: 'kept' });
  expect(await write(ben, 'aroha', 'Two. ')).toMatchObject({ kind: 'kept' });
  expect(await write(ben, 'aroha', 'x'.repeat(5_000))).toMatchObject({ kind: 'kept' });
  const broken = Buffer.from([1, 200, 200, 200]).toString('base64');
  expect(await ben.meeting('notes_change', 'aroha', { meeting: MEETING, update: broken })).toMatchObject({
    error: 'invalid',
  });
  const notes = (await snapshotOf(world, 'ben', { namespace: 'personal', user: 'ben' })).get(`notes/${MEETING}`);
  const sefa = new Writer(world, 'sefa');
  expect(await write(sefa, 'ben', 'Three')).toMatchObject({ error: 'not_found' });
  const [merged = '', ...others] = viewNotes(notes ?? null);
  expect(others).toEqual([]);
  const doc = new Doc();
  applyUpdate(doc, new Uint8Array(Buffer.from(merged, 'base64')));
  for (const words of ['One. ', 'Two. ']) expect(doc.getText('notes').toString()).toContain(words);
});

test('a person has at most five hundred open meetings', async () => {
  const { world, aroha } = await asked();
  const rows = Array.from({ length: 500 }, (_, index) => ({
    collection: USER_MEETINGS.name,
    key: `ben/${index}`,
    value: { ...slot(world, 1), standing: 'open' },
  }));
  await world.store.commit([{ changes: rows }]);
  const request = {
    meeting: MEETING.replace('00a', '00b'),
    title: 'One more',
    ...slot(world, 2),
    ...aroha.stamp(),
  };
  expect(await aroha.meeting('request', 'ben', request)).toMatchObject({ error: 'too_large' });
});

test('what a meeting makes happen follows its newest time', async () => {
  const { world, aroha, ben, proposal } = await asked();
  const turns = async () => (await world.store.list(TURNS.name, '', { limit: 10 })).map(({ key }) => key.split('/')[1]);
  expect(await turns()).toEqual(['forget']);
  await ben.meeting('accept', 'aroha', answer(ben, proposal));
  expect(await turns()).toEqual(['reminder', 'forget']);
  await aroha.meeting('propose_time', 'ben', propose(aroha, world, 3));
  expect(await turns()).toEqual(['forget']);
  const facts = factsOf((await read(world.store, MEETINGS, MEETING)).value);
  expect(facts?.agreed).toBe(false);
});
