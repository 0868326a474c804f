import { afterEach, beforeEach, expect, test } from 'bun:test';
import { Drain } from '../../packages/server/src/cluster/drain.ts';
import { type Harness, type RawClient, startHarness } from './harness.ts';

let h: Harness;
let door: { draining: boolean };
let drain: Drain;
let changes: boolean[];
beforeEach(() => {
  h = startHarness();
  door = { draining: false };
  changes = [];
  const { gateway } = h.server.node;
  drain = new Drain({ clock: h.clock, door, gateway, changed: () => changes.push(door.draining) });
});
afterEach(() => h.close());

const crowd = (count: number) => Promise.all(Array.from({ length: count }, (_, i) => h.connect(`person-${i}`)));
const asked = (people: readonly RawClient[]) =>
  people.filter(({ frames }) => frames.some(({ type }) => type === 'migrate')).length;

// proves CN-11
test('a drain asks 100 at a time, shows how far it is, and ends in its time with everybody gone', async () => {
  const people = await crowd(250);
  const ended = drain.begin('upgrade', 20_000);
  expect([door.draining, changes]).toEqual([true, [true]]);
  await h.clock.advance(10);
  expect(asked(people)).toBe(100);
  expect(drain.progress).toMatchObject({ reason: 'upgrade', connections: 250, asked: 100, left: 250, phase: 'moving' });
  await h.clock.advance(1_000);
  expect(drain.progress).toMatchObject({ asked: 250, left: 250 });
  for (const person of people.slice(0, 240)) person.close();
  await h.clock.advance(10);
  expect(drain.progress).toMatchObject({ left: 10, phase: 'moving' });
  await h.clock.advance(19_500);
  expect(await ended).toBe(true);
  expect(drain.progress).toMatchObject({ left: 0, phase: 'done' });
  expect(people.at(-1)?.closed?.code).toBe(4100);
});

// proves CN-11
test('a drain that is cancelled asks nobody further, closes nobody, and opens the door again', async () => {
  const people = await crowd(250);
  const ended = drain.begin('upgrade', 20_000);
  await h.clock.advance(10);
  expect(drain.cancel()).toBe(true);
  expect([door.draining, drain.progress, changes]).toEqual([false, null, [true, false]]);
  await h.clock.advance(30_000);
  expect(await ended).toBe(false);
  expect(asked(people)).toBe(100);
  expect(people.filter(({ closed }) => closed !== null)).toEqual([]);
});

test('a drain begun anew goes by the new time', async () => {
  const people = await crowd(3);
  const first = drain.begin('upgrade', 20_000);
  await h.clock.advance(100);
  const second = drain.begin('now', 1_000);
  await h.clock.advance(1_500);
  expect([await first, await second]).toEqual([false, true]);
  expect(drain.progress).toMatchObject({ reason: 'now', left: 0 });
  expect(people.every(({ closed }) => closed?.code === 4100)).toBe(true);
});
