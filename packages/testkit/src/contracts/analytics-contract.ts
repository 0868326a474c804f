import { describe, expect, test } from 'bun:test';
import { ANALYTICS_BUCKET_MS, type AnalyticsStore, type CountedMessage } from '@konferenco/core';

/** What every store of message counts promises; `open` makes an empty one, `now` is the time it goes by. */
export function describeAnalyticsContract(name: string, open: () => Promise<AnalyticsStore>, now: () => number): void {
  const begin = () => now() - (now() % ANALYTICS_BUCKET_MS);
  const message = (sequence: number, more: Partial<CountedMessage> = {}): CountedMessage => ({
    stream: 'CHAT',
    incarnation: 'first',
    sequence,
    event: 'main',
    type: 'chat',
    at: begin(),
    ...more,
  });
  const totals = async (store: AnalyticsStore) => {
    const counts = await store.query({ from: begin() - 86_400_000, to: begin() + 86_400_000, limit: 1_000 });
    return counts.reduce((sum, { messages }) => sum + messages, 0);
  };

  describe(`analytics: ${name}`, () => {
    test('messages are counted by five minutes, event, stream and type, and come oldest first', async () => {
      const store = await open();
      const before = begin() - ANALYTICS_BUCKET_MS;
      const counted = await store.add([
        message(1),
        message(2, { at: begin() + ANALYTICS_BUCKET_MS - 1 }),
        message(3, { type: 'alert' }),
        message(4, { event: '' }),
        message(1, { stream: 'SCHEDULE', type: 'meeting' }),
        message(5, { at: begin() - 1 }),
      ]);
      expect(counted).toBe(6);
      const of = (from: number, event: string, stream: string, type: string, messages: number) => ({
        from,
        event,
        stream,
        type,
        messages,
      });
      const all = [
        of(before, 'main', 'CHAT', 'chat', 1),
        of(begin(), '', 'CHAT', 'chat', 1),
        of(begin(), 'main', 'CHAT', 'alert', 1),
        of(begin(), 'main', 'CHAT', 'chat', 2),
        of(begin(), 'main', 'SCHEDULE', 'meeting', 1),
      ];
      const range = { from: before, to: begin() + 1, limit: 10 };
      expect(await store.query(range)).toEqual(all as never);
      expect(await store.query({ ...range, event: 'main', to: begin() })).toEqual(all.slice(0, 1) as never);
      expect(await store.query({ ...range, limit: 2 })).toEqual(all.slice(0, 2) as never);
      await store.close();
    });

    // proves BU-19
    test('each message counts once: repeated, in another order, after later ones, and from several nodes at once', async () => {
      const store = await open();
      expect(await store.add([message(3), message(3), message(4)])).toBe(2);
      expect(await store.add([message(1), message(4)])).toBe(1);
      const batches = Array.from({ length: 8 }, (_, i) =>
        Array.from({ length: 20 }, (_, n) => message(1 + ((i * 5 + n) % 40))),
      );
      await Promise.all(batches.map((batch) => store.add(batch)));
      expect(await totals(store)).toBe(40);
      await store.close();
    });

    test('a stream that was made anew counts from its first message', async () => {
      const store = await open();
      await store.add([message(1), message(2)]);
      expect(await store.add([message(1, { incarnation: 'second' })])).toBe(1);
      expect(await totals(store)).toBe(3);
      await store.close();
    });
  });
}
