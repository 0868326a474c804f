import { expect, test } from 'bun:test';
import { directLog } from '@konferenco/protocol';
import { VirtualClock } from '@konferenco/testkit';
import { createMemoryPositions } from '../../packages/server/src/adapters/embedded/positions.ts';
import { type RawClient, startHarness } from './harness.ts';

async function harnessWithSeries() {
  const clock = new VirtualClock();
  const positions = createMemoryPositions({ now: () => clock.now() });
  const h = startHarness({}, { clock, positions });
  const mere = await h.connect('mere');
  const consent = async () => {
    await positions.allow('mere', { given_at: clock.now(), device: 'test' });
    h.server.node.services.positions?.changed('mere');
    await clock.advance(1_000);
  };
  const kept = () => positions.read({ user: 'mere', from: 0, to: 8e15, limit: 100 });
  const inLog = async () =>
    (await h.store.read(directLog('mere', 'mere'), { after: 0, limit: 100, max_bytes: 1e9 })).entries;
  return { ...h, h, mere, positions, consent, kept, inLog };
}

const here = (client: RawClient, payload: Record<string, unknown>) => ({
  type: 'publish',
  envelope: {
    ...client.envelope({ type: 'user', id: client.user }, payload, 'position_update'),
    type: 'location',
  },
});

// proves PO-6
test('without consent a position is refused and kept nowhere; with it, it is kept in the log and the series, once', async () => {
  const { h, mere, clock, consent, kept, inLog } = await harnessWithSeries();
  const first = here(mere, { lat: -41.29, lng: 174.78, accuracy_m: 5 });
  expect(await mere.request(first)).toMatchObject({ error: 'forbidden' });
  expect(await inLog()).toEqual([]);
  await consent();
  const { at } = (await mere.request(first)) as { at: number };
  expect(await mere.request(first)).toMatchObject({ duplicate: true, at });
  await mere.request(here(mere, { zone: 'hall' }));
  await clock.advance(2_000);
  expect(await kept()).toMatchObject([{ at, lat: -41.29, lng: 174.78, accuracy_m: 5 }, { zone: 'hall' }]);
  expect((await inLog()).length).toBe(2);
  await h.close();
});

// proves PO-6
test('a node without a series takes no positions', async () => {
  const h = startHarness();
  const mere = await h.connect('mere');
  expect(await mere.request(here(mere, { zone: 'hall' }))).toMatchObject({ error: 'forbidden' });
  await h.close();
});

// proves PO-8
test('a position is nothing to be told of: no inbox, no conversation that lists it', async () => {
  const { h, mere, store, consent } = await harnessWithSeries();
  await consent();
  await mere.request(here(mere, { zone: 'hall' }));
  expect((await store.readInbox('mere', { after: 0, limit: 9, max_bytes: 1e9 })).entries).toEqual([]);
  expect(await store.list('direct', 'mere/', { limit: 9 })).toEqual([]);
  await mere.tell('mere', 'A note to myself');
  expect((await store.list('direct', 'mere/', { limit: 9 })).map(({ key }) => key)).toEqual(['mere/mere']);
  await h.close();
});

test('a position is a point, a zone or both, and says so within its bounds', async () => {
  const { h, mere, consent } = await harnessWithSeries();
  await consent();
  const answer = async (payload: Record<string, unknown>) => (await mere.request(here(mere, payload)))['error'] ?? 'ok';
  expect(await answer({})).toBe('invalid');
  expect(await answer({ lat: 1 })).toBe('invalid');
  expect(await answer({ lat: 91, lng: 0 })).toBe('invalid');
  expect(await answer({ lat: 90, lng: -180, zone: 'hall' })).toBe('ok');
  await h.close();
});

// proves PO-3
test('a position goes to oneself alone', async () => {
  const { h, mere, consent } = await harnessWithSeries();
  await consent();
  const to = (target: Record<string, string>) => {
    const { envelope } = here(mere, { zone: 'hall' });
    return mere.request({ type: 'publish', envelope: { ...envelope, to: target } });
  };
  await h.connect('rangi');
  expect(await to({ type: 'user', id: 'rangi' })).toMatchObject({ error: 'forbidden' });
  expect(await to({ type: 'channel', id: 'general' })).toMatchObject({ error: 'forbidden' });
  expect(await to({ type: 'broadcast', id: 'simulated' })).toMatchObject({ error: 'forbidden' });
  await h.close();
});
