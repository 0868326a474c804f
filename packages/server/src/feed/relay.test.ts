import { afterEach, expect, test } from 'bun:test';
import type { Feed, FeedEntry, StreamEntry } from '@konferenco/core';
import { SeededRandom, VirtualClock } from '@konferenco/testkit';
import { Relay } from './relay.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** A node that leads from the beginning, and the rounds its relay makes: milliseconds since the start, and entries in each. */
async function start() {
  const clock = new VirtualClock();
  const began = clock.now();
  const stored: FeedEntry[] = [];
  const rounds: { readonly at: number; readonly entries: number }[] = [];
  const reads: number[] = [];
  const saved: (string | undefined)[] = [];
  const feed: Feed = {
    readFeed: async (after, limit) => {
      reads.push(clock.now() - began);
      const from = Number(after ?? 0);
      const entries = stored.slice(from, from + limit);
      return { entries, position: entries.at(-1)?.position ?? after };
    },
    feedCursor: async () => null,
    saveFeedCursor: async (_, position) => void saved.push(position),
    withLeader: async (_, work) => {
      await work(new AbortController().signal);
      return true;
    },
  };
  const append = async (entries: readonly StreamEntry[]) =>
    void rounds.push({ at: clock.now() - began, entries: entries.length });
  const sink = { append, offer: () => false };
  const relay = new Relay({ feed, sink, clock, random: new SeededRandom(1), onFault: () => {} });
  ends.push(() => relay.close());
  const store = (count: number) => {
    for (let i = 0; i < count; i++) {
      const number = stored.length + 1;
      const envelope = JSON.stringify({ type: 'chat', subtype: 'channel_message', to: { type: 'channel', id: 'a' } });
      const place = { log: 'ch:a', offset: number, position: `${number}` } as const;
      stored.push({ ...place, at: clock.now(), id: `id-${number}`, sender: 'ann', envelope });
      relay.wake();
    }
  };
  return { clock, relay, rounds, reads, saved, store };
}

// proves BU-20
test('what is stored all the time goes in rounds 50 ms apart, each with everything up to it', async () => {
  const { clock, rounds, reads, saved, store } = await start();
  await clock.advance(5_000);
  const quiet = reads.length;
  for (let ms = 0; ms < 1_000; ms += 2) {
    store(3);
    await clock.advance(2);
  }
  await clock.advance(100);
  expect(rounds.reduce((sum, { entries }) => sum + entries, 0)).toBe(1_500);
  expect(saved.at(-1)).toBe('1500');
  expect(rounds.length).toBeLessThanOrEqual(21);
  expect(reads.length - quiet).toBeLessThanOrEqual(24);
  const apart = rounds.slice(1).map(({ at }, index) => at - (rounds[index]?.at ?? 0));
  expect(Math.min(...apart)).toBeGreaterThanOrEqual(50);
});

test('after a quiet time the first entry is relayed at once', async () => {
  const { clock, relay, rounds, store } = await start();
  await clock.advance(60_100);
  store(1);
  await clock.advance(0);
  expect(rounds).toEqual([{ at: 60_100, entries: 1 }]);
  expect(relay.describe()).toMatchObject({ relayed: 1, lag_ms: 0 });
});

test('an entry stored while the relay rests needs no other to be relayed', async () => {
  const { clock, rounds, store } = await start();
  await clock.advance(10_000);
  store(1);
  await clock.advance(10);
  store(1);
  await clock.advance(40);
  expect(rounds).toEqual([
    { at: 10_000, entries: 1 },
    { at: 10_050, entries: 1 },
  ]);
});

test('what is stored just after the relay has found nothing waits for its next look, not for a long sleep', async () => {
  const { clock, rounds, reads, store } = await start();
  await clock.advance(60_000);
  const before = reads.length;
  await clock.runUntil(() => reads.length > before);
  const [looked = 0] = reads.slice(-1);
  store(1);
  await clock.advance(20);
  expect(rounds).toEqual([{ at: looked + 20, entries: 1 }]);
});

test('full pages follow each other without a pause', async () => {
  const { clock, rounds, store } = await start();
  await clock.advance(10_000);
  store(1_000);
  await clock.advance(0);
  expect(rounds).toEqual([256, 256, 256, 232].map((entries) => ({ at: 10_000, entries })));
});

test('a relay that rests ends at once', async () => {
  const { clock, relay, store } = await start();
  store(1);
  await clock.advance(1);
  let closed = false;
  void relay.close().then(() => {
    closed = true;
  });
  await clock.advance(0);
  expect(closed).toBe(true);
});
