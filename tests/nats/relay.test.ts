import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { FeedEntry, StreamEntry, StreamRecord, StreamSink } from '@konferenco/core';
import { SeededRandom } from '@konferenco/testkit';
import { startNats } from '@konferenco/testkit/servers';
import { type NatsStreams, openNatsStreams } from '../../packages/server/src/adapters/nats/streams.ts';
import { Relay } from '../../packages/server/src/feed/relay.ts';
import { systemClock } from '../../packages/server/src/runtime/system.ts';
import { ForeignClient } from './foreign.ts';
import { MemoryFeed, MemoryFeedState } from './memory-feed.ts';
import { contents, natsOptions, until } from './support.ts';

let server: Awaited<ReturnType<typeof startNats>>;
beforeAll(async () => {
  server = await startNats();
});
afterAll(() => server.stop());

function startRelay(state: MemoryFeedState, sink: StreamSink, faults: unknown[] = []): Relay {
  const onFault = (error: unknown) => faults.push(error);
  return new Relay({ feed: new MemoryFeed(state), sink, clock: systemClock, random: new SeededRandom(2), onFault });
}

/** How many messages the streams hold that hold any. */
async function stored(streams: NatsStreams): Promise<Record<string, number>> {
  const report = await streams.streamsReport();
  const counts = report.map(({ name, messages }) => [name.split('_').at(-1) ?? '', messages] as const);
  return Object.fromEntries(counts.filter(([, messages]) => messages > 0));
}

/** Makes the server forget ids of CHAT after a tenth of a second. */
async function forgetSoon(prefix = ''): Promise<void> {
  const admin = await ForeignClient.connect(server.url);
  const info = await admin.request(`$JS.API.STREAM.INFO.${prefix}_CHAT`, {});
  const config = { ...(info['config'] as object), duplicate_window: 100_000_000 };
  await admin.request(`$JS.API.STREAM.UPDATE.${prefix}_CHAT`, config);
  admin.close();
}

/** Resolves when ids of what was appended up to now are forgotten. */
async function forgotten(): Promise<void> {
  const then = Date.now() + 400;
  await until(() => Date.now() > then, 'a millisecond has passed');
}

// proves BU-12
test('every stored entry is in its stream once, in the order of commit, though NATS is killed and the relay restarted meanwhile', async () => {
  const options = natsOptions(server.url);
  const streams = await openNatsStreams(options);
  const state = new MemoryFeedState();
  const write = (count: number) => {
    for (let n = 0; n < count; n++) state.add(`ch:room-${n % 7}`, n % 5 === 0 ? 'meeting' : 'chat');
  };
  write(3_000);
  const first = startRelay(state, streams);
  await until(() => (state.cursors.get('streams') ?? 0) > 500, 'more than 500 are relayed');
  await server.kill();
  write(1_000);
  // Its own process may die as well: what it had under way is in doubt for the next.
  const closing = first.close();
  await server.restart();
  await closing;
  const second = startRelay(state, streams);
  write(1_000);
  await until(() => state.cursors.get('streams') === 5_000, 'all are relayed');
  await second.close();

  const seen: StreamRecord[] = [...(await contents(streams, 'CHAT')), ...(await contents(streams, 'SCHEDULE'))];
  expect(seen).toHaveLength(5_000);
  expect(new Set(seen.map(({ id }) => id)).size).toBe(5_000);
  for (const stream of ['CHAT', 'SCHEDULE']) {
    const numbers = seen.filter((one) => one.stream === stream).map(({ at }) => at);
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  }
  expect(await stored(streams)).toEqual({ CHAT: 4_000, SCHEDULE: 1_000 });
  const { position: _, ...source } = state.entries[1] as FeedEntry;
  expect(seen[0]).toMatchObject({ ...source, event: 'main', type: 'chat', subtype: 'channel_message', sequence: 1 });
  await streams.close();
}, 240_000);

test('what is sent again when NATS has long forgotten its id is in the stream once all the same', async () => {
  const options = natsOptions(server.url);
  const [streams, successor] = await Promise.all([openNatsStreams(options), openNatsStreams(options)]);
  await forgetSoon(options.prefix);
  const state = new MemoryFeedState();
  for (let n = 0; n < 200; n++) state.add('ch:a');
  // A leader that dies after the acknowledgement and before it saves how far it came.
  const dies: StreamSink = {
    append: async (entries) => {
      await streams.append(entries);
      throw new Error('the process is gone');
    },
    offer: () => false,
  };
  const first = startRelay(state, dies);
  await until(() => first.describe().failures > 0, 'a try has failed');
  await first.close();
  await forgotten();
  const second = startRelay(state, successor);
  await until(() => state.cursors.get('streams') === 200, 'all are relayed');
  await second.close();
  expect(await stored(streams)).toEqual({ CHAT: 200 });
  await Promise.all([streams.close(), successor.close()]);
});

test('a leader that was stopped for long and wakes doubles nothing and puts nothing out of place', async () => {
  const options = natsOptions(server.url);
  const [stopped, leader] = await Promise.all([openNatsStreams(options), openNatsStreams(options)]);
  await forgetSoon(options.prefix);
  const entries = Array.from({ length: 9 }, (_, i): StreamEntry => {
    const at = { offset: i + 1, at: i + 1, id: `id-${i + 1}`, sender: 'ann', envelope: '{}' };
    return { stream: 'CHAT', event: '', type: 'chat', subtype: 'mention', log: 'ch:a', ...at };
  });
  await stopped.append(entries.slice(0, 3));
  await leader.append(entries);
  await forgotten();
  await stopped.append(entries.slice(3, 6));
  expect((await contents(leader, 'CHAT')).map(({ offset }) => offset)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(await stored(leader)).toEqual({ CHAT: 9 });
  await Promise.all([stopped.close(), leader.close()]);
});

test('leadership moves: two nodes relay in turn, never both, and nothing is doubled or left out', async () => {
  const options = natsOptions(server.url);
  const [one, two] = await Promise.all([openNatsStreams(options), openNatsStreams(options)]);
  const state = new MemoryFeedState();
  const relays = [startRelay(state, one), startRelay(state, two)];
  const leader = () => relays.findIndex((relay) => relay.describe().leads);
  await until(() => leader() >= 0, 'one leads');
  const before = leader();
  for (let n = 0; n < 400; n++) state.add('ch:a');
  await until(() => (state.cursors.get('streams') ?? 0) > 0, 'some are relayed');
  await relays[before]?.close();
  for (let n = 0; n < 400; n++) state.add('ch:a');
  await until(() => leader() === 1 - before, 'the other one leads');
  await until(() => state.cursors.get('streams') === 800, 'all are relayed');
  expect((await contents(one, 'CHAT')).map(({ at }) => at)).toEqual(Array.from({ length: 800 }, (_, i) => i + 1));
  await Promise.all(relays.map((relay) => relay.close()));
  await Promise.all([one.close(), two.close()]);
}, 120_000);

// proves BU-13
test('the lag is told while NATS is away, the fault is told once, and the store’s absence ends the leadership', async () => {
  const streams = await openNatsStreams(natsOptions(server.url));
  const state = new MemoryFeedState();
  const faults: unknown[] = [];
  const relay = startRelay(state, streams, faults);
  await until(() => relay.describe().leads, 'it leads');
  await server.kill();
  await until(() => !streams.describe().connected, 'NATS is away');
  state.add('ch:a');
  await until(() => relay.describe().failures > 2, 'some tries have failed');
  expect(relay.describe().lag_ms).toBeGreaterThan(0);
  expect(faults).toHaveLength(1);
  await server.restart();
  await until(() => relay.describe().relayed === 1 && relay.describe().lag_ms === 0, 'the entry is relayed');
  state.away = true;
  await until(() => !relay.describe().leads, 'it leads no more');
  expect(faults).toHaveLength(2);
  state.away = false;
  state.add('ch:a');
  await until(() => relay.describe().relayed === 2, 'the second entry is relayed');
  await relay.close();
  await streams.close();
}, 120_000);
