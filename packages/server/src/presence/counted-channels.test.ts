import { expect, test } from 'bun:test';
import type { Bus, BusRecord } from '@konferenco/core';
import { channelLog, type LogName } from '@konferenco/protocol';
import { VirtualClock } from '@konferenco/testkit';
import type { Hub } from '../fanout/hub.ts';
import type { Connection } from '../gateway/connection.ts';
import { CountedChannels } from './counted-channels.ts';
import { Versions } from './versions.ts';

/** A node on which two people hear each of these channels, none of which is counted. */
function start(channels: readonly string[]) {
  const clock = new VirtualClock();
  const connections: { user: string; logs: LogName[] }[] = [];
  const logs = new Map<LogName, { subscribers: number }>();
  let looks = 0;
  const hub = {
    logs,
    connections: () => {
      looks++;
      return connections;
    },
  } as unknown as Hub;
  const said: string[] = [];
  const publish = (record: BusRecord) => {
    if (record.kind === 'crowd') said.push(`${record.channel}: ${record.count}`);
  };
  const bus = { lossy: true, publish } as unknown as Bus;
  const changed: string[] = [];
  const counted = new CountedChannels({
    ...{ hub, bus, clock, node: 'north', directory: null, versions: new Versions(() => clock.now()) },
    here: () => 'online',
    isWatched: () => true,
    onChange: (channel, user) => changed.push(`${channel}: ${user}`),
    onDirectoryFailure: () => {},
  });
  const hear = (user: string, channel: string) => {
    const log = channelLog(channel);
    const connection = { user, logs: [log] };
    connections.push(connection);
    logs.set(log, { subscribers: (logs.get(log)?.subscribers ?? 0) + 1 });
    return { connection: connection as unknown as Connection, log };
  };
  for (const channel of channels) for (const user of ['mere', 'rangi']) hear(user, channel);
  return { clock, counted, hear, said, changed, looks: () => looks };
}

const MANY = Array.from({ length: 20 }, (_, i) => `room-${i}`);

test('channels watched one after another are counted with few looks at all connections, the first at once', async () => {
  const { clock, counted, hear, changed, looks } = start(MANY);
  expect(counted.count(['room-0'])).toBeUndefined();
  expect(counted.crowdOf('room-0').count).toBe(2);
  const waiting: Promise<void>[] = [];
  for (const room of MANY.slice(1)) {
    waiting.push(counted.count([room]) ?? Promise.resolve());
    await clock.advance(5);
  }
  // Comes while the channel is not counted yet, and is counted once.
  const { connection, log } = hear('hone', 'room-1');
  counted.joined(connection, log);
  await clock.advance(55);
  await Promise.all(waiting);
  expect(looks()).toBe(2);
  expect(MANY.map((room) => counted.crowdOf(room).count)).toEqual([2, 3, ...MANY.slice(2).map(() => 2)]);
  expect(changed).toContain('room-19: mere');
  counted.left(connection, log);
  expect(counted.crowdOf('room-1').count).toBe(2);
});

test('channels that other nodes watch are counted with one look in a tick, and told in the same', async () => {
  const { clock, counted, said, looks } = start(MANY);
  for (const room of MANY) counted.wanted(room, true);
  counted.wanted('nobody hears it', true);
  counted.tick(clock.now());
  expect(looks()).toBe(1);
  expect(said).toEqual(MANY.map((room) => `${room}: 2`));
});
