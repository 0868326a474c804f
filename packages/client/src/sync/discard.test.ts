import { beforeAll, describe, expect, test } from 'bun:test';
import { type ModelDevice, ReplicaWorld } from '../testing/replica-world.ts';
import { saidBy, sessionAt } from '../testing/said-by.ts';

// Loaded once, so that later loads take no time of the platform's.
beforeAll(() => Promise.all([import('./open-replicated.ts'), import('../notes/shared-notes.ts')]));

const HOUR = 3_600_000;

/** Somebody without a network, in a world with two sessions. */
async function offline() {
  const world = new ReplicaWorld(1);
  const organiser = saidBy('organiser', world.clock);
  for (const id of ['a', 'b'])
    world.server.publish(organiser.schedule('conf', 'session_change', sessionAt(id, 1, world.clock)));
  const mere = await world.device('mere');
  mere.client.programme('conf');
  await world.pass(2_000);
  await mere.network(false);
  const back = async () => {
    await mere.network(true);
    await world.pass(60_000);
    return world.server.seen.flatMap(({ frame }) => (frame.type === 'publish' ? [frame.envelope.payload] : []));
  };
  return { world, mere, back };
}

const waiting = ({ client }: ModelDevice) => client.sync.state().operations;
const newest = (device: ModelDevice, document: string): string =>
  waiting(device).findLast((operation) => operation.document === document)?.id ?? '';
const favourites = ({ client }: ModelDevice) =>
  client
    .programme('conf')
    .state()
    .sessions.filter(({ favourite }) => favourite)
    .map(({ id }) => id);

describe('taking out one operation that waits', () => {
  // proves RP-12
  test('shows what was there before, now and after a restart, and sends nothing of it', async () => {
    const { world, mere, back } = await offline();
    await mere.client.programme('conf').setFavourite('a', true);
    await mere.client.programme('conf').setFavourite('b', true);
    await mere.client.own.setProfile({ name: 'Mere K.' });
    const profile = newest(mere, 'profile');
    await mere.client.sync.discard(newest(mere, 'favourites'));
    expect([favourites(mere), mere.client.waiting]).toEqual([['a'], 2]);
    mere.kill();
    await mere.start();
    await world.pass(100);
    mere.client.programme('conf');
    expect([favourites(mere), mere.client.waiting]).toEqual([['a'], 2]);
    await mere.client.sync.discard(profile);
    expect(await back()).toMatchObject([{ on: 'favourites', element: 'a' }]);
    expect([favourites(mere), waiting(mere)]).toEqual([['a'], []]);
  });

  // proves RP-12
  test('is for the newest of its document only, one after the other', async () => {
    const { mere } = await offline();
    await mere.client.programme('conf').change('a', { room: 'B' });
    await mere.client.programme('conf').change('b', { room: 'B' });
    await mere.client.programme('conf').change('a', { room: 'C' });
    expect(waiting(mere).map(({ document, discardable }) => [document, discardable])).toEqual([
      ['session/a', false],
      ['session/b', true],
      ['session/a', true],
    ]);
    const [first, , last] = waiting(mere);
    const room = () => mere.client.programme('conf').state().sessions[0]?.room;
    await expect(mere.client.sync.discard(first?.id ?? '')).rejects.toMatchObject({ error: 'conflict' });
    expect(room()).toBe('C');
    await mere.client.sync.discard(last?.id ?? '');
    expect(room()).toBe('B');
    await mere.client.sync.discard(first?.id ?? '');
    expect(room()).toBe('A');
    await expect(mere.client.sync.discard(first?.id ?? '')).rejects.toMatchObject({ error: 'conflict' });
  });

  // proves RP-12
  test('is not for minutes, nor for the meeting they belong to', async () => {
    const { world, mere } = await offline();
    const meeting = await mere.client.meetings.request({
      with: 'ana',
      title: 'Soil',
      starts_at: world.clock.now() + HOUR,
      ends_at: world.clock.now() + 2 * HOUR,
    });
    expect(waiting(mere).map(({ discardable }) => discardable)).toEqual([true]);
    const notes = await mere.client.meetings.notes(meeting);
    notes.edit('We began.');
    notes.keep();
    await world.pass(100);
    expect(waiting(mere).map(({ document, discardable }) => [document, discardable])).toEqual([
      [`meeting/${meeting}`, false],
      [`notes/${meeting}`, false],
    ]);
  });

  test('is refused once it is on its way', async () => {
    const { world, mere } = await offline();
    await mere.client.own.joinChannel('hall');
    const [operation] = waiting(mere);
    await mere.network(true);
    for (let step = 0; step < 200 && !world.server.seen.some(({ frame }) => frame.type === 'publish'); step++)
      await world.pass(20);
    await expect(mere.client.sync.discard(operation?.id ?? '')).rejects.toMatchObject({ error: 'conflict' });
    await world.pass(5_000);
    expect(mere.client.own.state().channels).toEqual(['hall']);
  });
});
