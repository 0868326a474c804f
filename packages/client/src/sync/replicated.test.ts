import { beforeAll, describe, expect, test } from 'bun:test';
import { type ModelDevice, ReplicaWorld } from '../testing/replica-world.ts';
import { saidBy, sessionAt } from '../testing/said-by.ts';

// Loaded once, so that later loads take no time of the platform's.
beforeAll(() => Promise.all([import('./open-replicated.ts'), import('../notes/shared-notes.ts')]));

const HOUR = 3_600_000;

function aWorld(options = {}) {
  const world = new ReplicaWorld(1, options);
  return { world, organiser: saidBy('organiser', world.clock), ana: saidBy('ana', world.clock) };
}

/** Operations that reached the server, as `type/subtype`. */
function published(world: ReplicaWorld): readonly string[] {
  return world.server.seen.flatMap(({ frame }) =>
    frame.type === 'publish' ? [`${frame.envelope.type}/${frame.envelope.subtype}`] : [],
  );
}

function syncs(world: ReplicaWorld) {
  return world.server.seen.flatMap(({ frame }) => (frame.type === 'sync' ? [frame] : []));
}

async function restarted(world: ReplicaWorld, device: ModelDevice): Promise<void> {
  device.kill();
  await device.start();
  await world.pass(100);
}

async function aMeeting(world: ReplicaWorld, mere: ModelDevice, ana: ReturnType<typeof saidBy>) {
  const meeting = await mere.client.meetings.request({
    with: 'ana',
    title: 'Soil',
    starts_at: world.clock.now() + HOUR,
    ends_at: world.clock.now() + 2 * HOUR,
  });
  await world.pass(500);
  const propose = (hours: number) =>
    ana.meeting('mere', 'propose_time', {
      meeting,
      starts_at: world.clock.now() + hours * HOUR,
      ends_at: world.clock.now() + (hours + 1) * HOUR,
    });
  return { meeting, propose, shown: () => mere.client.meetings.state().items.find(({ id }) => id === meeting) };
}

describe('a programme', () => {
  // proves RP-1
  test('kept on the device is there when the client is ready, without a network', async () => {
    const { world, organiser } = aWorld();
    world.server.publish(organiser.schedule('conf', 'session_change', sessionAt('a', 1, world.clock)));
    const mere = await world.device('mere');
    mere.client.programme('conf');
    await world.pass(2_000);
    await mere.network(false);
    mere.kill();
    const ready = mere.begin().ready.then(() =>
      mere.client
        .programme('conf')
        .state()
        .sessions.map(({ id }) => id),
    );
    await world.pass(100);
    expect(await ready).toEqual(['a']);
  });

  // proves RP-1
  test('is there after a restart without a network, with what was done offline', async () => {
    const { world, organiser } = aWorld();
    for (const [id, hour] of [
      ['b', 2],
      ['a', 1],
    ] as const)
      world.server.publish(organiser.schedule('conf', 'session_change', sessionAt(id, hour, world.clock)));
    const mere = await world.device('mere');
    mere.client.programme('conf');
    await world.pass(2_000);
    await mere.network(false);
    await mere.client.programme('conf').setFavourite('a', true);
    await restarted(world, mere);
    const { sessions, ready } = mere.client.programme('conf').state();
    expect(ready).toBe(true);
    expect(sessions.map(({ id, favourite, pending }) => [id, favourite, pending])).toEqual([
      ['a', true, true],
      ['b', false, false],
    ]);
    await mere.network(true);
    await world.pass(60_000);
    expect(published(world)).toEqual(['state/operation']);
    expect(mere.client.programme('conf').state().sessions[0]).toMatchObject({ favourite: true, pending: false });
  });

  // proves RP-4
  test('changing one’s mind twenty times without a network sends nothing, or what is left of it', async () => {
    const { world } = aWorld();
    const mere = await world.device('mere');
    await world.pass(2_000);
    const programme = mere.client.programme('conf');
    await mere.network(false);
    for (let times = 0; times < 20; times++) await programme.setFavourite('a', times % 2 === 0);
    expect(mere.client.waiting).toBe(0);
    for (let times = 0; times < 21; times++) await programme.setFavourite('a', times % 2 === 0);
    expect(mere.client.waiting).toBe(1);
    await mere.network(true);
    await world.pass(30_000);
    expect(published(world)).toEqual(['state/operation']);
    const laptop = await world.device('mere');
    await world.pass(2_000);
    await laptop.client.programme('conf').setFavourite('a', false);
    await world.pass(2_000);
    expect(published(world)).toHaveLength(2);
  });

  // proves RP-9
  test('many changes of a marked session are one notice, which outlives restarts until it is dismissed', async () => {
    const { world, organiser } = aWorld();
    world.server.publish(organiser.schedule('conf', 'session_change', sessionAt('a', 1, world.clock)));
    world.server.publish(organiser.schedule('conf', 'session_change', sessionAt('b', 1, world.clock)));
    const mere = await world.device('mere');
    const notices = () => mere.client.programme('conf').state().notices;
    notices();
    await world.pass(2_000);
    await mere.client.programme('conf').setFavourite('a', true);
    await world.pass(500);
    for (const room of ['B', 'C', 'D'])
      for (const session of ['a', 'b'])
        world.server.publish(organiser.schedule('conf', 'session_change', { session, set: { room } }));
    await world.pass(500);
    const expected = [{ session: 'a', title: 'Talk a', changes: [{ field: 'room' as const, was: 'A', now: 'D' }] }];
    expect(notices()).toMatchObject(expected);
    await restarted(world, mere);
    expect(notices()).toMatchObject(expected);
    mere.client.programme('conf').dismissNotices();
    expect(notices()).toEqual([]);
    await world.pass(500);
    await restarted(world, mere);
    await world.pass(2_000);
    expect(notices()).toEqual([]);
  });

  // proves RP-9
  test('what one changed oneself, and what is as it was seen in the end, is no notice', async () => {
    const { world, organiser } = aWorld();
    world.server.publish(organiser.schedule('conf', 'session_change', sessionAt('a', 1, world.clock)));
    const mere = await world.device('mere');
    const programme = mere.client.programme('conf');
    await world.pass(2_000);
    await programme.setAttending('a', true);
    await programme.change('a', { room: 'Z' });
    await programme.cancel('a', 'ill');
    await world.pass(1_000);
    expect(programme.state().sessions[0]).toMatchObject({ room: 'Z', cancelled: { reason: 'ill' }, pending: false });
    expect(programme.state().notices).toEqual([]);
    for (const room of ['B', 'Z'])
      world.server.publish(organiser.schedule('conf', 'session_change', { session: 'a', set: { room } }));
    await world.pass(500);
    expect(programme.state().notices).toEqual([]);
  });
});

describe('the conflicts a person is told of', () => {
  // proves RP-5, RP-6
  test('a change of mine that a later one replaced', async () => {
    const { world, organiser } = aWorld();
    world.server.publish(organiser.schedule('conf', 'session_change', sessionAt('a', 1, world.clock)));
    const mere = await world.device('mere');
    const programme = mere.client.programme('conf');
    await world.pass(2_000);
    await mere.network(false);
    await programme.change('a', { room: 'mine' });
    await world.pass(1_000);
    world.server.publish(organiser.schedule('conf', 'session_change', { session: 'a', set: { room: 'theirs' } }));
    await mere.network(true);
    await world.pass(30_000);
    expect(programme.state().sessions[0]).toMatchObject({ room: 'theirs', pending: false });
    const told = [
      {
        ...{ kind: 'overridden' as const, document: 'session/a', event: 'conf', by: 'organiser' },
        ...{ field: 'room' as const, mine: 'mine', theirs: 'theirs' },
      },
    ];
    expect(mere.conflicts).toEqual(told);
    await restarted(world, mere);
    await world.pass(30_000);
    expect(mere.conflicts).toEqual(told);
  });

  // proves RP-5
  test('a meeting accepted offline whose time was changed meanwhile is to be accepted again', async () => {
    const { world, ana } = aWorld();
    const mere = await world.device('mere');
    await world.pass(2_000);
    const { meeting, propose, shown } = await aMeeting(world, mere, ana);
    world.server.publish(propose(3));
    await world.pass(500);
    expect(shown()?.standing).toBe('waiting_for_me');
    await mere.network(false);
    await mere.client.meetings.accept(meeting);
    expect(shown()).toMatchObject({ standing: 'agreed', pending: true });
    await world.pass(1_000);
    world.server.publish(propose(5));
    await mere.network(true);
    await world.pass(30_000);
    expect(mere.conflicts).toEqual([{ kind: 'accept_again', meeting }]);
    expect(shown()).toMatchObject({ standing: 'waiting_for_me', accept_again: true, pending: false });
    await mere.client.meetings.accept(meeting);
    await world.pass(500);
    expect(shown()).toMatchObject({ standing: 'agreed', accept_again: false });
  });

  // proves RP-5
  test('a channel joined offline from which an organiser removed one meanwhile', async () => {
    const { world, organiser } = aWorld();
    const mere = await world.device('mere');
    await world.pass(2_000);
    await mere.client.own.joinChannel('soil');
    await world.pass(500);
    const tag = String([...world.server.stored.values()][0]?.payload['dot']);
    await mere.network(false);
    await mere.client.own.leaveChannel('soil');
    await mere.client.own.joinChannel('soil');
    expect(mere.client.own.state().channels).toEqual(['soil']);
    await mere.client.own.joinChannel('bees');
    world.server.publish(
      organiser.state('mere', { on: 'channels', op: 'remove', element: 'bees', tags: [], admin: true }),
    );
    world.server.publish(
      organiser.state('mere', { on: 'channels', op: 'remove', element: 'soil', tags: [tag], admin: true }),
    );
    await mere.network(true);
    await world.pass(30_000);
    expect(mere.client.own.state().channels).toEqual([]);
    expect(mere.conflicts).toEqual([{ kind: 'removed', channel: 'bees' }]);
    // Knowing of the removal, one may join again.
    await mere.client.own.joinChannel('bees');
    await world.pass(500);
    expect(mere.client.own.state().channels).toEqual(['bees']);
    expect(mere.conflicts).toHaveLength(1);
  });

  // proves RP-5
  test('a refused operation is taken back and told once, also after a restart', async () => {
    const { world } = aWorld();
    const mere = await world.device('mere');
    await world.pass(2_000);
    world.server.refuse = ({ payload }) => (payload['element'] === 'bob' ? 'forbidden' : null);
    await mere.client.own.setBlocked('bob', true);
    await mere.client.own.setBlocked('eve', true);
    expect(mere.client.own.state().blocked).toEqual(['bob', 'eve']);
    await world.pass(500);
    expect(mere.client.own.state().blocked).toEqual(['eve']);
    expect(mere.conflicts).toMatchObject([{ kind: 'refused', document: 'blocked', error: { error: 'forbidden' } }]);
    await restarted(world, mere);
    await world.pass(2_000);
    expect(mere.client.own.state().blocked).toEqual(['eve']);
    expect(mere.conflicts).toHaveLength(1);
  });
});

describe('a sync', () => {
  // proves RP-2
  test('takes a snapshot page by page, with what comes live meanwhile, and goes on from its first page', async () => {
    const { world, organiser } = aWorld({ page: 2 });
    for (let n = 10; n < 17; n++)
      world.server.publish(organiser.schedule('conf', 'session_change', sessionAt(`s${n}`, n, world.clock)));
    const mere = await world.device('mere');
    const programme = mere.client.programme('conf');
    let changes = 0;
    while (syncs(world).filter(({ namespace }) => namespace === 'schedule').length < 3) await world.pass(10);
    for (const session of ['s10', 's16', 's99'])
      world.server.publish(organiser.schedule('conf', 'session_change', { ...sessionAt(session, 1, world.clock) }));
    expect(programme.state().ready).toBe(false);
    programme.subscribe(() => changes++);
    await world.pass(2_000);
    expect(programme.state().sessions).toHaveLength(8);
    expect(mere.client.sync.state().scopes[1]).toMatchObject({ version: 'epoch-1:10', documents: 8 });
    expect(changes).toBeGreaterThan(0);
  });

  // proves RP-2, RP-3
  test('of another store replaces what is here, and keeps what waits to be sent', async () => {
    const { world, organiser } = aWorld({ page: 2 });
    for (const id of ['a', 'b', 'c'])
      world.server.publish(organiser.schedule('conf', 'session_change', sessionAt(id, 1, world.clock)));
    const mere = await world.device('mere');
    const programme = mere.client.programme('conf');
    await world.pass(2_000);
    await mere.network(false);
    await programme.setFavourite('c', true);
    world.server.epoch = 'epoch-2';
    world.server.documents('schedule', 'conf').delete('session/b');
    await mere.network(true);
    await world.pass(30_000);
    expect(syncs(world).map(({ trigger }) => trigger)).toContain('cache_invalid');
    expect(programme.state().sessions.map(({ id, favourite, pending }) => [id, favourite, pending])).toEqual([
      ['a', false, false],
      ['c', true, false],
    ]);
    await restarted(world, mere);
    expect(mere.client.programme('conf').state().sessions).toHaveLength(2);
  });

  // proves RP-2
  test('happens after a first connect, a reconnect and now and then, and not while nobody looks', async () => {
    const { world } = aWorld();
    const mere = await world.device('mere');
    await world.pass(2_000);
    expect(syncs(world).map(({ trigger, since_version }) => [trigger, since_version])).toEqual([
      ['first_connect', undefined],
      ['first_connect', 'epoch-1:0'],
    ]);
    world.server.cut();
    await world.pass(5_000);
    expect(syncs(world).at(-1)).toMatchObject({ trigger: 'reconnect', since_version: 'epoch-1:0' });
    await world.pass(30_000);
    expect(syncs(world).at(-1)).toMatchObject({ trigger: 'periodic', max_operations: 500 });
    const count = syncs(world).length;
    mere.isVisible = false;
    await world.pass(120_000);
    expect(syncs(world)).toHaveLength(count);
    mere.isVisible = true;
    await world.pass(40_000);
    // Due 22.5 to 37.5 s after the last, which nobody saw.
    expect(syncs(world).length).toBeOneOf([count + 1, count + 2]);
    const synced = mere.client.sync.syncNow();
    await world.pass(500);
    await synced;
    await mere.network(false);
    await expect(mere.client.sync.syncNow()).rejects.toMatchObject({ error: 'disconnected' });
  });

  // proves RP-2
  test('what an earlier run sent is not shown as waiting for long, whenever that run ended', async () => {
    for (let ended = 1; ended <= 120; ended++) {
      const { world } = aWorld();
      const mere = await world.device('mere');
      await world.pass(2_000);
      const [starts_at, ends_at] = [world.clock.now() + HOUR, world.clock.now() + 2 * HOUR];
      await mere.client.meetings.request({ with: 'ana', title: 'Soil', starts_at, ends_at });
      await world.pass(ended);
      await restarted(world, mere);
      await world.pass(3_000);
      const shown = mere.client.meetings.state().items.map(({ title, pending }) => ({ title, pending }));
      expect({ ended, shown }).toEqual({ ended, shown: [{ title: 'Soil', pending: false }] });
    }
  });

  // proves RP-2
  test('with a server that answers snapshots without end is tried again after a pause, and shows what it has', async () => {
    const { world, organiser } = aWorld();
    world.server.publish(organiser.schedule('conf', 'session_change', sessionAt('a', 1, world.clock)));
    world.server.hasNoDelta = true;
    const mere = await world.device('mere');
    const programme = mere.client.programme('conf');
    await world.pass(60_000);
    // Without pauses, a round trip each would make more than a thousand.
    expect(syncs(world).length).toBeLessThan(200);
    expect(programme.state().sessions).toHaveLength(1);
    world.server.hasNoDelta = false;
    await world.pass(30_000);
    expect(mere.client.sync.state().synced_at).not.toBeNull();
  });

  // proves RP-2
  test('of damaged documents fetches them anew', async () => {
    const { world, organiser } = aWorld();
    world.server.publish(organiser.schedule('conf', 'session_change', sessionAt('a', 1, world.clock)));
    const mere = await world.device('mere');
    mere.client.programme('conf');
    await world.pass(2_000);
    mere.kill();
    mere.damage('documents');
    await mere.start();
    expect(mere.client.programme('conf').state().sessions).toEqual([]);
    await world.pass(2_000);
    expect(syncs(world).some(({ trigger }) => trigger === 'cache_invalid')).toBe(true);
    expect(mere.client.programme('conf').state().sessions).toHaveLength(1);
  });
});

describe('a device whose clock is a year ahead', () => {
  // proves RP-7
  test('is told so, and what it did before it knew is stamped anew by the server’s time', async () => {
    const { world } = aWorld();
    const mere = await world.device('mere', { skew: 365 * 86_400_000, isOnline: false });
    await mere.client.own.setSetting('theme', 'dark');
    await mere.client.own.setBlocked('bob', true);
    await mere.network(true);
    await world.pass(30_000);
    expect(mere.client.own.state()).toEqual({ blocked: ['bob'], channels: [], settings: { theme: 'dark' } });
    expect(mere.client.waiting).toBe(0);
    expect(mere.errors.filter(({ error }) => error === 'clock_ahead')).toHaveLength(1);
    const times = [...world.server.stored.values()].map(({ payload }) => Number(payload['at']) / 256);
    for (const at of times) expect(at).toBeLessThanOrEqual(world.clock.now() + 60_000);
    await mere.client.own.setSetting('theme', 'light');
    await world.pass(500);
    expect(mere.client.own.state().settings).toEqual({ theme: 'light' });
  });
});
