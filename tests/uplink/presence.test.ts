import { expect, test } from 'bun:test';
import type { Bus } from '@konferenco/core';
import { createMemoryStore } from '@konferenco/server';
import { SeededRandom, VirtualClock } from '@konferenco/testkit';
import { createLocalBus } from '../../packages/server/src/adapters/embedded/bus.ts';
import { BridgedBus } from '../../packages/server/src/uplink/bridged-bus.ts';
import { PresenceNode } from '../simulation/presence-cluster.ts';

/** A bus whose methods can be copied off it. */
function plain(bus: BridgedBus): Bus {
  return {
    lossy: bus.lossy,
    publish: (record) => bus.publish(record),
    follow: (interest) => bus.follow(interest),
    unfollow: (interest) => bus.unfollow(interest),
    subscribe: (receive) => bus.subscribe(receive),
    onReconnect: (fn) => bus.onReconnect(fn),
    close: () => bus.close(),
  };
}

// proves UP-9
test('people of the other side fade when the line is cut, and show again when it is back', async () => {
  const clock = new VirtualClock();
  const random = new SeededRandom(1);
  const store = createMemoryStore({ now: () => clock.now() });
  const [home, mirror] = [new BridgedBus(createLocalBus(), true), new BridgedBus(createLocalBus(), false)];
  const join = () => {
    const lead = (from: BridgedBus, to: BridgedBus) =>
      from.join({
        pass: (record) => to.receive(record),
        // On the way while the other side joins, too.
        tell: (change) => Promise.resolve().then(() => to.heed(change)),
      });
    lead(home, mirror);
    lead(mirror, home);
    for (const side of [home, mirror]) side.reconnected();
  };
  const node = (name: string, bus: BridgedBus) =>
    new PresenceNode({ name, bus: { connect: () => plain(bus) }, clock, random, store });
  const [venue, away] = [node('venue', home), node('away', mirror)];
  join();
  const ann = venue.enter('ann');
  const ben = away.enter('ben');
  await clock.advance(1_000);
  ann.watch({ users: ['ben'] });
  ben.watch({ users: ['ann'] });
  await clock.advance(2_000);
  expect([ann.statuses.get('ben'), ben.statuses.get('ann')]).toEqual(['online', 'online']);
  home.part();
  mirror.part();
  await clock.advance(100_000);
  expect([ann.statuses.get('ben'), ben.statuses.get('ann')]).toEqual(['offline', 'offline']);
  join();
  await clock.advance(3_000);
  expect([ann.statuses.get('ben'), ben.statuses.get('ann')]).toEqual(['online', 'online']);
  await Promise.all([venue.stop(), away.stop()]);
});
