import { expect, test } from 'bun:test';
import type { BusRecord, StreamEntry } from '@konferenco/core';
import { VirtualClock } from '@konferenco/testkit';
import { PresenceFeed } from './presence-feed.ts';

function world(isAway = false) {
  const clock = new VirtualClock();
  const offered: StreamEntry[] = [];
  let receive: (record: BusRecord) => void = () => {};
  const bus = {
    subscribe: (fn: (record: BusRecord) => void) => {
      receive = fn;
      return () => {
        receive = () => {};
      };
    },
  };
  const offer = (entry: StreamEntry) => {
    if (!isAway) offered.push(entry);
    return !isAway;
  };
  const feed = new PresenceFeed({ node: 'north', bus, sink: { offer }, clock, rate: 100 });
  const change = (user: string, version: number, node = 'north') =>
    receive({ kind: 'presence', node, user, status: 'online', version });
  return { clock, offered, feed, change };
}

test('of each person of this node the newest change goes into the stream, and nothing of other nodes', async () => {
  const { clock, offered, feed, change } = world();
  change('ann', 1);
  change('ann', 2);
  change('ben', 1);
  change('cid', 1, 'south');
  await clock.advance(100);
  expect(offered.map(({ sender, id, stream, subtype }) => [sender, id, stream, subtype])).toEqual([
    ['ann', 'north/2', 'PRESENCE', 'online'],
    ['ben', 'north/1', 'PRESENCE', 'online'],
  ]);
  expect(feed.describe()).toEqual({ offered: 2, dropped: 1 });
  feed.close();
});

// proves BU-14
test('a storm leaves at the rate, everybody once, and no more wait than may', async () => {
  const { clock, offered, feed, change } = world();
  for (let n = 0; n < 6_000; n++) change(`user-${n}`, 1);
  await clock.advance(1_000);
  expect(offered).toHaveLength(100);
  await clock.advance(60_000);
  expect(new Set(offered.map(({ sender }) => sender)).size).toBe(5_000);
  expect(feed.describe()).toEqual({ offered: 5_000, dropped: 1_000 });
  feed.close();
});

test('while NATS is away, changes are dropped and counted, and none after the end', async () => {
  const { clock, feed, change } = world(true);
  change('ann', 1);
  await clock.advance(100);
  expect(feed.describe()).toEqual({ offered: 0, dropped: 1 });
  change('ann', 2);
  feed.close();
  change('ann', 3);
  await clock.advance(1_000);
  expect(feed.describe()).toEqual({ offered: 0, dropped: 1 });
});
