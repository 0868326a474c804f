import { beforeAll, describe, expect, test } from 'bun:test';
import { deafTabs, type ModelDevice, ReplicaWorld } from '../testing/replica-world.ts';
import { saidBy, sessionAt } from '../testing/said-by.ts';
import type { TabHost, TabSharing } from '../tabs/types.ts';

// Loaded once, so that later loads take no time of the platform's.
beforeAll(() => Promise.all([import('./open-replicated.ts'), import('../notes/shared-notes.ts')]));

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** A programme that is known to all of these people, each on a device. */
async function aProgramme<Name extends string>(...names: readonly Name[]) {
  const world = new ReplicaWorld(1);
  const organiser = saidBy('organiser', world.clock);
  world.server.publish(organiser.schedule('conf', 'session_change', sessionAt('a', 1, world.clock)));
  const devices = new Map<Name, ModelDevice>();
  for (const name of names) devices.set(name, await world.device(name));
  for (const { client } of devices.values()) client.programme('conf');
  await world.pass(2_000);
  const of = (name: Name): ModelDevice => devices.get(name) as ModelDevice;
  /** Without a network, a little later than whatever was written before. */
  const moves = async (name: Name, room: string) => {
    await of(name).network(false);
    await world.pass(1_000);
    await of(name).client.programme('conf').change('a', { room });
  };
  const comesBack = async (name: Name) => {
    await of(name).network(true);
    await world.pass(30_000);
  };
  return {
    world,
    of,
    moves,
    comesBack,
    room: (name: Name) => of(name).client.programme('conf').state().sessions[0]?.room,
  };
}

const told = ({ client }: ModelDevice) => client.conflicts.state().map(({ conflict }) => conflict);

async function restarted(world: ReplicaWorld, device: ModelDevice): Promise<void> {
  if (device.isRunning) device.kill();
  await device.start();
  await world.pass(2_000);
}

const lost = (mine: string, theirs: string, by: string) => ({
  ...{ kind: 'overridden' as const, document: 'session/a', event: 'conf', field: 'room' as const },
  ...{ mine, theirs, by },
});

// proves CF-1
describe('of two who move one session without a network', () => {
  test.each([{ first: 'mere' as const }, { first: 'hemi' as const }])(
    'who was overridden is told, whoever comes back first ($first does)',
    async ({ first }) => {
      const { of, moves, comesBack, room } = await aProgramme('mere', 'hemi');
      await moves('mere', 'A');
      await moves('hemi', 'B');
      await comesBack(first);
      await comesBack(first === 'mere' ? 'hemi' : 'mere');
      expect([room('mere'), room('hemi')]).toEqual(['B', 'B']);
      expect(told(of('mere'))).toEqual([lost('A', 'B', 'hemi')]);
      expect(of('mere').conflicts).toEqual([lost('A', 'B', 'hemi')]);
      expect(told(of('hemi'))).toEqual([]);
    },
  );

  test('who came back first is told days later, after restarts', async () => {
    const { world, of, moves, comesBack } = await aProgramme('mere', 'hemi');
    await moves('mere', 'A');
    await moves('hemi', 'B');
    await comesBack('mere');
    for (const name of ['mere', 'hemi'] as const) of(name).kill();
    await world.pass(5 * DAY);
    for (const name of ['mere', 'hemi'] as const) await restarted(world, of(name));
    await comesBack('hemi');
    expect(told(of('mere'))).toEqual([lost('A', 'B', 'hemi')]);
  });

  test('nobody is told when the second had read what the first wrote', async () => {
    const { world, of, moves, comesBack, room } = await aProgramme('mere', 'hemi');
    await moves('mere', 'A');
    await comesBack('mere');
    await moves('hemi', 'B');
    await comesBack('hemi');
    await of('mere').client.programme('conf').change('a', { room: 'C' });
    await world.pass(2_000);
    expect(room('hemi')).toBe('C');
    for (const name of ['mere', 'hemi'] as const) expect(told(of(name))).toEqual([]);
  });

  test('each of three but the last is told, of whom wrote last', async () => {
    const { of, moves, comesBack } = await aProgramme('mere', 'hemi', 'tama');
    await moves('mere', 'A');
    await moves('hemi', 'B');
    await moves('tama', 'C');
    for (const name of ['mere', 'hemi', 'tama'] as const) await comesBack(name);
    expect(told(of('mere'))).toEqual([lost('A', 'C', 'tama')]);
    expect(told(of('hemi'))).toEqual([lost('B', 'C', 'tama')]);
    expect(told(of('tama'))).toEqual([]);
    expect(of('mere').conflicts).toEqual([lost('A', 'B', 'hemi')]);
  });

  test('both ends of a time are one thing', async () => {
    const { world, of } = await aProgramme('mere', 'hemi');
    const slot = (hours: number) => ({
      starts_at: world.clock.now() + hours * HOUR,
      ends_at: world.clock.now() + (hours + 1) * HOUR,
    });
    const [mine, theirs] = [slot(2), slot(3)];
    for (const [name, set] of [
      ['mere', mine],
      ['hemi', theirs],
    ] as const) {
      await of(name).network(false);
      await world.pass(1_000);
      await of(name).client.programme('conf').change('a', set);
    }
    for (const name of ['mere', 'hemi'] as const) {
      await of(name).network(true);
      await world.pass(30_000);
    }
    expect(told(of('mere'))).toEqual([
      { kind: 'overridden', document: 'session/a', event: 'conf', by: 'hemi', field: 'time', mine, theirs },
    ]);
  });
});

// proves CF-2
test('of two times proposed without a network, who came back first is told, and can propose their own again', async () => {
  const world = new ReplicaWorld(1);
  const [mere, ana] = [await world.device('mere'), await world.device('ana')];
  await world.pass(2_000);
  const slot = (hours: number) => ({
    starts_at: DAY * 30_000 + hours * HOUR,
    ends_at: DAY * 30_000 + (hours + 1) * HOUR,
  });
  const meeting = await mere.client.meetings.request({ with: 'ana', title: 'Soil', ...slot(1) });
  await world.pass(2_000);
  for (const [device, hours] of [
    [mere, 2],
    [ana, 3],
  ] as const) {
    await device.network(false);
    await world.pass(1_000);
    await device.client.meetings.propose(meeting, slot(hours));
  }
  for (const device of [mere, ana]) {
    await device.network(true);
    await world.pass(30_000);
  }
  const document = `meeting/${meeting}`;
  expect(told(mere)).toEqual([
    { kind: 'overridden', document, by: 'ana', field: 'time', mine: slot(2), theirs: slot(3) },
  ]);
  expect(told(ana)).toEqual([]);
  await mere.client.conflicts.restoreMine(mere.client.conflicts.state()[0]?.id ?? '');
  await world.pass(2_000);
  expect(ana.client.meetings.state().items[0]).toMatchObject({ ...slot(2), standing: 'waiting_for_me' });
  expect([told(mere), told(ana)]).toEqual([[], []]);
});

// proves RP-11
describe('what the person was told', () => {
  async function aLoss() {
    const all = await aProgramme('mere', 'hemi');
    await all.moves('mere', 'A');
    await all.moves('hemi', 'B');
    await all.comesBack('mere');
    await all.comesBack('hemi');
    return { ...all, mere: all.of('mere'), hemi: all.of('hemi') };
  }

  test('is there after restarts until they put it away, and told once', async () => {
    const { world, mere } = await aLoss();
    await restarted(world, mere);
    expect(told(mere)).toEqual([lost('A', 'B', 'hemi')]);
    await restarted(world, mere);
    const [one] = mere.client.conflicts.state();
    await mere.client.conflicts.dismiss(one?.id ?? '');
    expect(told(mere)).toEqual([]);
    await world.pass(100);
    await restarted(world, mere);
    expect(told(mere)).toEqual([]);
    expect(mere.conflicts).toHaveLength(1);
  });

  test('is over when they write their own value again', async () => {
    const { world, mere, hemi, room } = await aLoss();
    const [one] = mere.client.conflicts.state();
    await mere.client.conflicts.restoreMine(one?.id ?? '');
    expect(told(mere)).toEqual([]);
    await world.pass(2_000);
    expect(room('hemi')).toBe('A');
    expect(told(hemi)).toEqual([]);
    await expect(mere.client.conflicts.restoreMine(one?.id ?? '')).rejects.toMatchObject({ error: 'not_found' });
  });

  test('is over when they write something else there, and when somebody brings theirs back', async () => {
    const { world, mere } = await aLoss();
    await mere.client.programme('conf').change('a', { room: 'D' });
    await world.pass(2_000);
    expect(told(mere)).toEqual([]);
    const second = await aLoss();
    await second.hemi.client.programme('conf').change('a', { room: 'A' });
    await second.world.pass(2_000);
    expect(told(second.mere)).toEqual([]);
  });

  test('stays away when a tab that heard nothing of it writes afterwards', async () => {
    const { world, of, comesBack } = await aProgramme('mere', 'hemi');
    of('mere').kill();
    const shared = { store: of('mere').store, tabs: deafTabs };
    const [first, second] = [await world.device('mere', shared), await world.device('mere', shared)];
    for (const { client } of [first, second]) client.programme('conf');
    await world.pass(2_000);
    for (const device of [first, second, of('hemi')]) await device.network(false);
    await first.client.programme('conf').change('a', { room: 'A' });
    await second.client.programme('conf').change('a', { title: 'A' });
    await world.pass(1_000);
    await of('hemi').client.programme('conf').change('a', { room: 'B', title: 'B' });
    for (const tab of [first, second]) await tab.network(true);
    await world.pass(30_000);
    await comesBack('hemi');
    for (const [tab, field] of [
      [first, 'room'],
      [second, 'title'],
    ] as const) {
      const one = tab.client.conflicts.state().find(({ conflict }) => 'field' in conflict && conflict.field === field);
      if (!one) throw new Error(`nothing was told of the ${field}`);
      await tab.client.conflicts.dismiss(one.id);
      await world.pass(100);
    }
    for (const tab of [first, second]) tab.kill();
    await second.start();
    await world.pass(2_000);
    expect(told(second)).toEqual([]);
  });

  test('goes in all tabs when it is put away in one, and stays away', async () => {
    const { world, of, moves, comesBack } = await aProgramme('mere', 'hemi');
    const hosts = new Set<TabHost>();
    const tabs: TabSharing = (host) => {
      hosts.add(host);
      return {
        openSocket: host.environment.openSocket,
        outbox: (store) => store,
        ...{ tell: () => {}, discard: () => {}, reword: () => false, waiting: 0, signedOut: () => {}, close: () => {} },
        noteConflicts: () => {
          for (const other of hosts) if (other !== host) other.conflictsNoted();
        },
      };
    };
    const shared = { store: of('mere').store, tabs };
    await of('mere').network(false);
    of('mere').kill();
    const first = await world.device('mere', shared);
    first.client.programme('conf');
    await world.pass(2_000);
    await first.network(false);
    await world.pass(1_000);
    await first.client.programme('conf').change('a', { room: 'A' });
    await moves('hemi', 'B');
    await first.network(true);
    await world.pass(30_000);
    const second = await world.device('mere', shared);
    second.client.programme('conf');
    await world.pass(2_000);
    await comesBack('hemi');
    for (const tab of [first, second]) expect(told(tab)).toEqual([lost('A', 'B', 'hemi')]);
    let changes = 0;
    second.client.conflicts.subscribe(() => changes++);
    await first.client.conflicts.dismiss(first.client.conflicts.state()[0]?.id ?? '');
    await world.pass(100);
    expect([told(first), told(second), changes]).toEqual([[], [], 1]);
    for (const tab of [first, second]) tab.kill();
    await second.start();
    await world.pass(2_000);
    expect(told(second)).toEqual([]);
  });
});
