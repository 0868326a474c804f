import { expect, test } from 'bun:test';
import { viewAttendance, viewMeeting, viewSession } from '@konferenco/core';
import type { Envelope } from '@konferenco/protocol';
import { applied, deltaOf, snapshotOf } from '../sync/test-sync.ts';
import { createWorld } from './test-world.ts';
import { listChannels } from './channels.ts';
import { programme } from '../sync/programme.ts';
import { members } from './membership.ts';
import { DEMO_EVENT, seedDemo } from './seed.ts';

test('the demo event is filled once, with people, channels, programme and talk', async () => {
  const world = await createWorld();
  await seedDemo(world);
  const before = await world.store.states(['ch:korero', 'ch:wai', 'ch:panui', 'in:jack-whitcombe']);
  await seedDemo(world);
  expect(await world.store.states(['ch:korero', 'ch:wai', 'ch:panui', 'in:jack-whitcombe'])).toEqual(before);
  for (const state of before) expect(state.head).toBeGreaterThan(2);
  expect((await members(world, DEMO_EVENT, {})).items.length).toBe(12);
  expect((await members(world, DEMO_EVENT, { q: 'MERE tāw' })).items.map(({ user }) => user.id)).toEqual([
    'mere-tawhai',
  ]);
  const seenByHelper = await listChannels(world, DEMO_EVENT, 'moana-te-aho');
  const seenByAttendee = await listChannels(world, DEMO_EVENT, 'aroha-potiki');
  expect(seenByHelper.length).toBe(6);
  expect(seenByAttendee.map(({ id }) => id)).not.toContain('kaiawhina');
});

test('every reaction, reply and thread of the demo leads to a message of the same channel', async () => {
  const world = await createWorld();
  await seedDemo(world);
  let messages = 0;
  for (const id of ['panui', 'korero', 'wai', 'kai', 'ngahere', 'kaiawhina']) {
    const { entries } = await world.store.read(`ch:${id}`, { after: 0, limit: 200, max_bytes: 1e6 });
    const envelopes = entries.map(({ envelope }) => JSON.parse(envelope ?? '') as Envelope);
    const ids = new Set(envelopes.map((envelope) => envelope.id));
    for (const { payload, subtype, timestamp } of envelopes) {
      for (const name of ['target', 'thread', 'reply_to'])
        if (payload[name]) expect(ids).toContain(payload[name] as string);
      if (subtype !== 'reaction') messages++;
      expect(timestamp).toBeLessThan(world.clock.now());
    }
  }
  expect(messages).toBeGreaterThanOrEqual(37);
});

test('the programme covers today and tomorrow at the venue, and moves to today when it is over', async () => {
  const world = await createWorld();
  const day = (at: number) =>
    new Intl.DateTimeFormat('en-NZ', { timeZone: 'Pacific/Auckland', dateStyle: 'short' }).format(at);
  const hour = (at: number) =>
    new Intl.DateTimeFormat('en-NZ', { timeZone: 'Pacific/Auckland', hour: 'numeric', hourCycle: 'h23' }).format(at);
  await seedDemo(world);
  const sessions = await programme(world, DEMO_EVENT);
  expect(sessions.length).toBe(14);
  expect(new Set(sessions.map(({ starts_at }) => day(starts_at)))).toEqual(
    new Set([day(world.clock.now()), day(world.clock.now() + 86_400_000)]),
  );
  expect(hour(sessions[0]?.starts_at ?? 0)).toBe('09');
  // Over the end of daylight saving in New Zealand, 4 April 2027.
  world.clock.time = Date.UTC(2027, 3, 2, 20);
  await seedDemo(world);
  const renewed = await programme(world, DEMO_EVENT);
  expect(
    new Set(renewed.filter(({ id }) => id === 'whakatau' || id === 'tamariki').map(({ starts_at }) => hour(starts_at))),
  ).toEqual(new Set(['09']));
  expect(day(renewed[0]?.starts_at ?? 0)).toBe(day(world.clock.now()));
});

test('the demo’s people have plans: sessions they go to, and meetings', async () => {
  const world = await createWorld();
  await seedDemo(world);
  const schedule = await snapshotOf(world, 'aroha-potiki', { namespace: 'schedule', event: DEMO_EVENT });
  expect(viewAttendance(schedule.get('attendance') ?? null).get('whakatau')).toBeGreaterThan(5);
  const own = await snapshotOf(world, 'aroha-potiki', { namespace: 'personal', user: 'aroha-potiki' });
  const [meeting] = [...own].filter(([key]) => key.startsWith('meeting/')).map(([, state]) => state);
  expect(viewMeeting(meeting ?? null, 'aroha-potiki')).toMatchObject({ with: 'priya-nair', standing: 'agreed' });
});

test('devices that know the old times of the demo’s programme hear of the new', async () => {
  const world = await createWorld();
  await seedDemo(world);
  const scope = { namespace: 'schedule', event: DEMO_EVENT } as const;
  const before = await snapshotOf(world, 'aroha-potiki', scope);
  world.clock.time += 3 * 86_400_000;
  await seedDemo(world);
  const after = applied(await deltaOf(world, 'aroha-potiki', scope, 'memory:0'), before);
  expect(after).toEqual(await snapshotOf(world, 'aroha-potiki', scope));
  const starts = (documents: typeof after) =>
    viewSession('session/repo', documents.get('session/repo') ?? {})?.starts_at;
  expect(starts(after)).toBeGreaterThan(starts(before) ?? Number.POSITIVE_INFINITY);
});
