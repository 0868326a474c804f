import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { POSITIONS_KEPT_MS, type PositionOf, type PositionStore } from '@konferenco/core';

/** An empty series as one or more nodes see it. */
export interface PositionsUnderTest {
  readonly nodes: readonly [PositionStore, ...PositionStore[]];
  dispose(): Promise<void>;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = Date.UTC(2026, 10, 21, 12, 40);

/** What every series of positions promises; `open` makes an empty one that goes by `now` (Unix ms). */
export function describePositionsContract(
  name: string,
  open: (now: () => number) => Promise<PositionsUnderTest>,
): void {
  describe(`positions: ${name}`, () => {
    let time = START;
    let opened: PositionsUnderTest;
    let one: PositionStore;
    let other: PositionStore;
    beforeEach(async () => {
      time = START;
      opened = await open(() => time);
      one = opened.nodes[0];
      other = opened.nodes[1] ?? one;
    });
    afterEach(() => opened.dispose());

    const at = (minutes: number, more: Partial<PositionOf> = {}): PositionOf => ({
      id: `id-${minutes}`,
      user: 'mere',
      at: START + minutes * MINUTE,
      zone: 'hall',
      ...more,
    });
    const allow = (user = 'mere') => one.allow(user, { given_at: START - 26 * HOUR, device: 'phone' });
    const all = { from: 0, to: START + 48 * HOUR, limit: 100 };
    const ids = async (user = 'mere', node = other) => (await node.read({ user, ...all })).map(({ id }) => id);

    // proves PO-1
    test('nothing is kept of somebody who did not consent, or consented later', async () => {
      await allow('rangi');
      await one.allow('mere', { given_at: START, device: 'phone' });
      expect(await one.add([at(-1), at(0), at(1, { user: 'rangi' }), at(1, { user: 'ben' })])).toBe(1);
      expect([await ids('mere'), await ids('rangi'), await ids('ben')]).toEqual([[], ['id-1'], []]);
    });

    // proves PO-2
    test('a consent says when and on which device it was given, and a second one changes nothing', async () => {
      expect(await one.consent('mere')).toBeNull();
      const given = { given_at: START, device: 'phone' };
      expect(await one.allow('mere', given)).toEqual(given);
      expect(await other.allow('mere', { given_at: START + 1, device: 'laptop' })).toEqual(given);
      await one.withdraw('mere', START + 2);
      expect(await other.consent('mere')).toBeNull();
      const again = { given_at: START + 3, device: 'laptop' };
      expect(await other.allow('mere', again)).toEqual(again);
    });

    test('points, zones and accuracies come back as they were, oldest first and in pages', async () => {
      await allow();
      time = START + 5 * MINUTE;
      const point = { lat: -41.292_481_3, lng: 174.773_612_9, accuracy_m: 4.5 };
      const kept = [at(1), at(2, point), at(2, { ...point, id: 'id-2b' }), at(3, { accuracy_m: 30 })];
      expect(await one.add(kept.toReversed())).toBe(4);
      const told = kept.map(({ user: _, ...position }) => position);
      expect(await other.read({ user: 'mere', ...all })).toEqual(told);
      const first = await other.read({ user: 'mere', ...all, limit: 2 });
      expect(first).toEqual(told.slice(0, 2));
      const rest = await other.read({ user: 'mere', ...all, limit: 9, after: first[1] as (typeof first)[0] });
      expect(rest).toEqual(told.slice(2));
      const range = { user: 'mere', from: START + 2 * MINUTE, to: START + 3 * MINUTE, limit: 9 };
      expect((await other.read(range)).map(({ id }) => id)).toEqual(['id-2', 'id-2b']);
    });

    // proves PO-3
    test('one person reads nothing of another', async () => {
      await Promise.all([allow(), allow('rangi')]);
      await one.add([at(-3), at(-2, { user: 'rangi' })]);
      expect(await ids('mere')).toEqual(['id--3']);
      expect(await ids('rangi')).toEqual(['id--2']);
    });

    test('a position that is added again, by any node and at the same time, is kept once', async () => {
      await allow();
      const some = [at(-3), at(-2), at(-1)];
      expect(await one.add([...some, at(-1)])).toBe(3);
      expect(await other.add(some)).toBe(0);
      const added = await Promise.all([one, other, one, other].map((node) => node.add([at(-9), at(-8), at(-7)])));
      expect(added.reduce((sum, count) => sum + count, 0)).toBe(3);
      expect((await ids()).length).toBe(6);
    });

    // proves PO-4
    test('withdrawing erases everything at once, and what comes late from another node is not kept', async () => {
      await Promise.all([allow(), allow('rangi')]);
      await one.add([at(-3), at(-2, { user: 'rangi' })]);
      await other.withdraw('mere', START);
      expect([await ids(), await ids('rangi')]).toEqual([[], ['id--2']]);
      expect(await one.add([at(-1), at(0)])).toBe(0);
      await other.allow('mere', { given_at: START, device: 'phone' });
      time = START + MINUTE;
      expect(await one.add([at(-1), at(1)])).toBe(1);
      expect(await ids()).toEqual(['id-1']);
    });

    // proves PO-4
    test('erasing leaves the consent, and what was taken before does not come back', async () => {
      await allow();
      await one.add([at(-3)]);
      await other.erase('mere', START);
      time = START + MINUTE;
      expect(await one.add([at(-3), at(-1), at(0), at(1)])).toBe(1);
      expect(await ids()).toEqual(['id-1']);
      await one.erase('mere', START - HOUR);
      expect(await one.add([at(0)])).toBe(0);
      expect(await other.consent('mere')).not.toBeNull();
    });

    // proves PO-4
    test('whoever adds while another node withdraws leaves nothing', async () => {
      for (let round = 0; round < 10; round++) {
        const user = `round-${round}`;
        await allow(user);
        const batch = (n: number) => Array.from({ length: 10 }, (_, i) => at(-1 - i, { user, id: `${n}-${i}` }));
        await Promise.all([
          one.add(batch(0)),
          one.add(batch(1)),
          other.withdraw(user, START),
          one.add(batch(2)),
          other.add(batch(3)),
        ]);
        expect(await ids(user)).toEqual([]);
      }
    });

    // proves PO-5
    test('a position is read for a day and no longer, maintained or not', async () => {
      await allow();
      await one.add([at(-60), at(0)]);
      time = START + 22 * HOUR;
      await one.maintain(time);
      expect(await ids()).toEqual(['id--60', 'id-0']);
      time = START + POSITIONS_KEPT_MS - 1;
      expect(await ids()).toEqual(['id-0']);
      time += 1;
      expect(await ids()).toEqual([]);
      await one.maintain(time);
      // Were anything still there, an earlier clock would show it.
      time = START;
      expect(await ids()).toEqual([]);
    });

    // proves PO-5
    test('what comes too late to be kept, or from a clock that is far ahead, is left out', async () => {
      await allow();
      expect(await one.add([at(-24 * 60), at(-25 * 60), at(3)])).toBe(0);
      expect(await one.add([at(-21 * 60)])).toBe(1);
      time = START + 30 * HOUR;
      await other.maintain(time);
      expect(await one.add([at(30 * 60)])).toBe(1);
      expect(await ids()).toEqual(['id-1800']);
    });
  });
}
