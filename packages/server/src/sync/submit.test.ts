import { describe, expect, test } from 'bun:test';
import { viewFields, viewSet } from '@konferenco/core';
import { Serial } from '../accounts/serial.ts';
import type { World } from '../accounts/test-world.ts';
import { createWorld } from '../accounts/test-world.ts';
import { loadPersonal } from './personal-store.ts';
import { createProgramme, HOUR, send, Writer } from './test-sync.ts';

const ROLES = ['owen', 'mira', 'sefa', 'aroha', 'zed'] as const;
const MEETING = '01932b00-0000-7000-8000-00000000000a';

async function heads(world: World) {
  return world.store.states(['ev:hui', 'me:owen', 'me:aroha', 'in:aroha', 'dm:aroha:ben', 'in:ben']);
}

describe('who may send what', () => {
  const slotOf = (world: World) => ({ starts_at: world.clock.now() + HOUR, ends_at: world.clock.now() + 2 * HOUR });
  const TABLE: readonly {
    readonly what: string;
    readonly send: (writer: Writer, world: World) => ReturnType<typeof send>;
    readonly may: readonly (typeof ROLES)[number][];
  }[] = [
    {
      what: 'change a session',
      send: (writer) => writer.session('repo', { room: 'B' }),
      may: ['owen', 'mira'],
    },
    {
      what: 'put a session on the programme',
      send: (writer, world) => writer.session('new', { title: 'New', ...slotOf(world) }),
      may: ['owen', 'mira'],
    },
    {
      what: 'cancel a session',
      send: (writer) => writer.schedule('session_cancelled', { session: 'repo', ...writer.stamp() }),
      may: ['owen', 'mira'],
    },
    {
      what: 'name speakers',
      send: (writer) => writer.schedule('speaker_update', { session: 'repo', speakers: [], ...writer.stamp() }),
      may: ['owen', 'mira'],
    },
    ...(['session_start', 'session_end'] as const).map((subtype) => ({
      what: `say ${subtype}`,
      send: (writer: Writer, world: World) => writer.schedule(subtype, { session: 'repo', ...slotOf(world) }),
      may: [],
    })),
    {
      what: 'count attendance',
      send: (writer) =>
        writer.schedule('attendance', { counts: [{ session: 'repo', node: 'n', positive: 9, negative: 0 }] }),
      may: [],
    },
    {
      what: 'mark a session for oneself',
      send: (writer) => writer.add('favourites', 'repo'),
      may: ROLES,
    },
    {
      what: 'write to the state of another',
      send: (writer, world) =>
        send(
          world,
          writer.envelope(
            'state/operation',
            { type: 'user', id: 'ben' },
            { on: 'favourites', op: 'add', element: 'repo', ...writer.stamp() },
          ),
        ),
      may: [],
    },
    {
      what: 'remove as an organiser by operation',
      send: (writer) =>
        writer.state({ on: 'channels', op: 'remove', element: 'general', tags: [], admin: true, ...writer.stamp() }),
      may: [],
    },
    {
      what: 'ask somebody of the event for a meeting',
      send: (writer, world) =>
        writer.meeting('request', 'ben', { meeting: MEETING, title: 'Talk', ...slotOf(world), ...writer.stamp() }),
      may: ['owen', 'mira', 'sefa', 'aroha'],
    },
    {
      what: 'send a reminder',
      send: (writer, world) =>
        writer.meeting('reminder', 'ben', { meeting: MEETING, proposal: 'a:1', ...slotOf(world) }),
      may: [],
    },
  ];

  // proves SY-7
  test.each(TABLE.map((row) => [row.what, row] as const))('%s', async (_, { send, may }) => {
    for (const user of ROLES) {
      const world = await createProgramme();
      const before = await heads(world);
      const outcome = await send(new Writer(world, user), world);
      expect([user, outcome.kind]).toEqual([user, may.includes(user) ? 'kept' : 'refused']);
      if (outcome.kind === 'refused') expect(await heads(world)).toEqual(before);
    }
  });
});

describe('an operation that is refused leaves nothing behind', () => {
  // proves SY-6
  test('stamped more than a minute ahead of the server: clock_ahead', async () => {
    const world = await createWorld();
    const writer = new Writer(world, 'aroha');
    const before = await heads(world);
    const set = (ahead: number) =>
      writer.state({ on: 'settings', op: 'set', field: 'theme', value: 'dark', ...writer.stamp(ahead) });
    expect(await set(61_000)).toMatchObject({ kind: 'refused', error: 'clock_ahead' });
    expect(await heads(world)).toEqual(before);
    expect((await loadPersonal(world, 'aroha', 'settings')).value).toBeNull();
    expect(await set(59_000)).toMatchObject({ kind: 'kept' });
  });

  // proves SY-9
  test.each([
    ['a session that ends before it begins', { starts_at: 2 * HOUR, ends_at: HOUR }],
    ['a session longer than a day', { starts_at: HOUR, ends_at: 26 * HOUR }],
  ])('%s', async (_, set) => {
    const world = await createProgramme();
    const before = await heads(world);
    expect(await new Writer(world, 'owen').session('repo', set)).toMatchObject({ kind: 'refused', error: 'invalid' });
    expect(await heads(world)).toEqual(before);
  });

  test('by the dot of a server', async () => {
    const world = await createWorld();
    const writer = new Writer(world, 'aroha', 'srv~mine');
    expect(await writer.add('favourites', 'repo')).toMatchObject({ kind: 'refused', error: 'invalid' });
  });

  test('a value or a set that is too large', async () => {
    const world = await createWorld();
    const writer = new Writer(world, 'aroha');
    expect(await writer.set('settings', 'long', 'x'.repeat(600))).toMatchObject({ error: 'too_large' });
    expect(await writer.set('settings', 'wide', 'ā'.repeat(300))).toMatchObject({ error: 'too_large' });
    for (let field = 0; field < 100; field++) await writer.set('settings', `f${field}`, true);
    expect(await writer.set('settings', 'one_more', true)).toMatchObject({ error: 'too_large' });
    expect(Object.keys(viewFields((await loadPersonal(world, 'aroha', 'settings')).value)).length).toBe(100);
  });

  test('sealed, so that nobody could apply it', async () => {
    const world = await createWorld();
    const writer = new Writer(world, 'aroha');
    const payload = { sealed: [{ device: 'd', bytes: 'AA' }] };
    const envelope = writer.envelope('state/operation', { type: 'user', id: 'aroha' }, payload);
    expect(await send(world, { ...envelope, encrypted: true })).toMatchObject({ kind: 'refused', error: 'invalid' });
  });
});

// proves SY-5
test('an operation that comes twice is kept once and answered alike, also when it would make no sense a second time', async () => {
  const world = await createProgramme();
  const writer = new Writer(world, 'aroha');
  const slot = { starts_at: world.clock.now() + HOUR, ends_at: world.clock.now() + 2 * HOUR };
  const request = { meeting: MEETING, title: 'Talk', ...slot, ...writer.stamp() };
  const envelope = writer.envelope('meeting/request', { type: 'user', id: 'ben' }, request);
  const first = await send(world, envelope);
  const before = await heads(world);
  expect(first).toMatchObject({ kind: 'kept', repeat: false });
  expect(await send(world, envelope)).toEqual({ ...(first as object), repeat: true } as never);
  expect(await heads(world)).toEqual(before);
  const other = { ...envelope, id: world.newId() };
  expect(await send(world, other)).toMatchObject({ kind: 'refused', error: 'conflict' });
});

// proves SY-4
test('operations that race for one document are all kept, and each is in it', async () => {
  const world = await createWorld();
  // Two nodes over one store: neither waits for the other's turn.
  const nodes: readonly World[] = [world, { ...world, serial: new Serial() }];
  const devices = Array.from(
    { length: 12 },
    (_, index) => new Writer(nodes[index % 2] ?? world, 'aroha', `device-${index}`),
  );
  const outcomes = await Promise.all(devices.map((device, index) => device.add('favourites', `session-${index}`)));
  expect(outcomes.map(({ kind }) => kind)).toEqual(outcomes.map(() => 'kept'));
  const { value } = await loadPersonal(world, 'aroha', 'favourites');
  expect(viewSet(value).length).toBe(12);
  expect((await world.store.states(['me:aroha']))[0]?.head).toBe(12);
});
