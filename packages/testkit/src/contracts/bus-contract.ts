import { describe, expect, test } from 'bun:test';
import type { Bus, BusRecord } from '@konferenco/core';

/** A bus to test, and what makes everything under way arrive. */
export interface BusUnderTest {
  readonly bus: Bus;
  settle(): Promise<void>;
}

const entry = (offset: number): BusRecord => ({
  kind: 'entry',
  log: 'ch:general',
  entry: { offset, at: 1, envelope: '{}', rank: 2 },
  pointers: [],
});

/** What every bus promises its node; `open` makes a fresh one that loses nothing. */
export function describeBusContract(name: string, open: () => BusUnderTest): void {
  describe(`bus: ${name}`, () => {
    test('a node receives its own records, each subscriber once, in order', async () => {
      const { bus, settle } = open();
      const got: [BusRecord[], BusRecord[]] = [[], []];
      bus.subscribe((record) => got[0].push(record));
      bus.subscribe((record) => got[1].push(record));
      const sent = Array.from({ length: 100 }, (_, i) => entry(i + 1));
      for (const record of sent) bus.publish(record);
      await settle();
      expect(got).toEqual([sent, sent]);
      await bus.close();
    });

    test('nothing comes after a subscription was ended', async () => {
      const { bus, settle } = open();
      const got: BusRecord[] = [];
      const leave = bus.subscribe((record) => got.push(record));
      bus.publish(entry(1));
      await settle();
      leave();
      bus.publish(entry(2));
      await settle();
      expect(got).toEqual([entry(1)]);
      await bus.close();
    });

    test('a subscriber may subscribe or leave while it receives', async () => {
      const { bus, settle } = open();
      const late: BusRecord[] = [];
      const leave = bus.subscribe(() => {
        leave();
        bus.subscribe((record) => late.push(record));
      });
      bus.publish(entry(1));
      await settle();
      bus.publish(entry(2));
      await settle();
      expect(late.filter((record) => record.kind === 'entry' && record.entry.offset === 2)).toHaveLength(1);
      await bus.close();
    });
  });
}
