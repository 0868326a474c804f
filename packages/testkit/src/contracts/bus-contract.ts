import { describe, expect, test } from 'bun:test';
import type { Bus, BusRecord } from '@konferenco/core';

/** A bus to test, and what makes everything under way arrive. */
export interface BusUnderTest {
  readonly bus: Bus;
  settle(): Promise<void>;
}

/** Two nodes on one bus. */
export interface JoinedBuses {
  readonly here: Bus;
  readonly there: Bus;
  /** Resolves when what was published before has arrived wherever it goes. */
  settle(): Promise<void>;
}

const entry = (offset: number, log = 'ch:general'): BusRecord => ({
  kind: 'entry',
  log,
  entry: { offset, at: 1, envelope: '{}', rank: 2 },
  pointers: [],
});

/** What every bus promises its node; `open` makes a fresh one that loses nothing. */
export function describeBusContract(name: string, open: () => BusUnderTest | Promise<BusUnderTest>): void {
  describe(`bus: ${name}`, () => {
    test('a node receives its own records, each subscriber once, in order', async () => {
      const { bus, settle } = await open();
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
      const { bus, settle } = await open();
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
      const { bus, settle } = await open();
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

/** What every bus between nodes promises, as long as it loses nothing. */
export function describeJoinedBusContract(name: string, open: () => JoinedBuses | Promise<JoinedBuses>): void {
  const joined = async () => {
    const { here, there, settle } = await open();
    const got: BusRecord[] = [];
    there.subscribe((record) => got.push(record));
    const close = () => Promise.all([here.close(), there.close()]);
    return { here, there, settle, got, close };
  };

  describe(`bus between nodes: ${name}`, () => {
    // proves BU-1
    test('what nobody here follows does not come from another node', async () => {
      const { here, there, settle, got, close } = await joined();
      await there.follow('ch:other');
      here.publish(entry(1));
      await settle();
      expect(got).toEqual([]);
      await close();
    });

    // proves BU-2, BU-3
    test('once follow is done, everything published afterwards comes, in order', async () => {
      const { here, there, settle, got, close } = await joined();
      await there.follow('ch:general');
      const sent = Array.from({ length: 200 }, (_, i) => entry(i + 1));
      for (const record of sent) here.publish(record);
      await settle();
      expect(got).toEqual(sent);
      await close();
    });

    test('followed twice is followed once', async () => {
      const { here, there, settle, got, close } = await joined();
      await Promise.all([there.follow('ch:general'), there.follow('ch:general')]);
      await there.follow('ch:general');
      here.publish(entry(1));
      await settle();
      expect(got).toEqual([entry(1)]);
      await close();
    });

    test('what is for every node comes unasked, to the node that published it too, and once', async () => {
      const { here, settle, got, close } = await joined();
      const own: BusRecord[] = [];
      here.subscribe((record) => own.push(record));
      const record: BusRecord = { kind: 'revoked', user: 'ann', reason: 'banned' };
      here.publish(record);
      await settle();
      expect([own, got]).toEqual([[record], [record]]);
      await close();
    });

    test('each pointer of an entry reaches the node of its user once, though the node hears the log as well', async () => {
      const { here, there, settle, got, close } = await joined();
      await Promise.all(['ch:general', 'in:ann', 'in:ben'].map((interest) => there.follow(interest)));
      const pointers = ['ann', 'ben', 'cid'].map((user) => ({ user, inbox: 1, reason: 'mention' as const }));
      here.publish({ ...entry(1), pointers } as BusRecord);
      await settle();
      const reached = got.flatMap((record) => (record.kind === 'entry' ? record.pointers.map(({ user }) => user) : []));
      expect(reached.filter((user) => user !== 'cid').sort()).toEqual(['ann', 'ben']);
      await close();
    });
  });
}
