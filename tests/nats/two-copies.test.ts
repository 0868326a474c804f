import { expect, test } from 'bun:test';
import { type Bus, type BusRecord, busCopyFor } from '@konferenco/core';
import { createMemoryStore } from '@konferenco/server';
import { SeededRandom, SimulatedSockets, startSimulatedServer, VirtualClock } from '@konferenco/testkit';
import { RawClient } from '../gateway/harness.ts';

/** A node whose bus brings what the test says. */
function startNode() {
  const clock = new VirtualClock();
  const random = new SeededRandom(1);
  const sockets = new SimulatedSockets(clock, random, [1, 1]);
  const store = createMemoryStore({ now: () => clock.now() });
  const receivers = new Set<(record: BusRecord) => void>();
  const bring = (record: BusRecord) => {
    for (const receive of receivers) receive(record);
  };
  const bus: Bus = {
    lossy: true,
    publish: bring,
    follow() {},
    unfollow() {},
    subscribe(receive) {
      receivers.add(receive);
      return () => receivers.delete(receive);
    },
    onReconnect() {},
    close: async () => {},
  };
  const server = startSimulatedServer({ name: 'node-1', store, bus, clock, random, sockets, options: {} });
  return { clock, sockets, store, server, bring };
}

// proves BU-4
test('an entry that reaches a node by its log and by an inbox is shown once in each, whichever comes first', async () => {
  for (const turned of [false, true]) {
    const { clock, sockets, store, server, bring } = startNode();
    const mere = new RawClient('mere', clock, sockets, server, false);
    await clock.runUntil(() => mere.open);
    await mere.request({ type: 'hello', device_id: 'test' });
    await mere.request({ type: 'subscribe', logs: ['ch:general'] });
    for (const number of [1, 2]) {
      const envelope = JSON.stringify({ type: 'chat', payload: { text: `m${number}` } });
      const append = { log: 'ch:general', id: `id-${number}`, sender: 'rangi', envelope, expires_at: 1e15 };
      const notify = [{ user: 'mere', reason: 'mention' as const }];
      const [outcome] = await store.commit([{ appends: [{ ...append, notify }] }]);
      if (outcome?.kind !== 'committed') throw new Error('not stored');
      const entry = { offset: number, at: outcome.at, envelope, rank: 2 };
      const record: BusRecord = { kind: 'entry', log: 'ch:general', entry, pointers: outcome.pointers };
      const copies = ['ch:general', 'in:mere'].map((interest) => busCopyFor(record, interest));
      for (const copy of turned ? copies.reverse() : copies) bring(copy);
    }
    await clock.advance(3_000);
    expect(mere.of('message').flatMap(({ items }) => items.map(({ offset }) => offset))).toEqual([1, 2]);
    expect(mere.of('inbox').flatMap(({ items }) => items.map(({ inbox }) => inbox))).toEqual([1, 2]);
    await server.close();
    await store.close();
  }
});
