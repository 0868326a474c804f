import { expect, test } from 'bun:test';
import { type PositionOf, type PositionStore, StoreUnavailableError } from '@konferenco/core';
import { createTestRandom, TestBus, TestClock } from '../accounts/test-world.ts';
import { createMemoryPositions } from '../adapters/embedded/positions.ts';
import { PositionKeeper } from './keeper.ts';

/** A clock whose timers fire when told to. */
class HandClock extends TestClock {
  #timers: (() => void)[] = [];
  override after(_ms: number, fn: () => void): () => void {
    this.#timers.push(fn);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== fn);
    };
  }
  get waiting(): number {
    return this.#timers.length;
  }
  fire(): void {
    for (const fn of this.#timers.splice(0)) fn();
  }
}

async function keeperOver(change: (store: PositionStore) => Partial<PositionStore> = () => ({})) {
  const clock = new HandClock();
  const bus = new TestBus();
  const series = createMemoryPositions({ now: () => clock.now() });
  await series.allow('mere', { given_at: 0, device: 'phone' });
  const counts: Record<string, number> = {};
  const faults: unknown[] = [];
  const keeper = new PositionKeeper({
    positions: { ...series, ...change(series) },
    context: { bus, clock, random: createTestRandom() },
    count: (what, times) => {
      counts[what] = (counts[what] ?? 0) + times;
    },
    onFault: (error) => faults.push(error),
  });
  const at = (n: number, user = 'mere'): PositionOf => ({
    id: `${n}`,
    user,
    at: clock.now() - 30_000 + n,
    zone: 'hall',
  });
  const kept = async () => (await series.read({ user: 'mere', from: 0, to: 1e15, limit: 100_000 })).length;
  return { keeper, series, clock, bus, counts, faults, at, kept };
}

test('positions wait while the series is away, and each is kept once when it is back', async () => {
  let away = true;
  const { keeper, clock, counts, at, kept } = await keeperOver((store) => ({
    add: async (positions) => {
      // The series took them, but nobody heard of it.
      await store.add(positions);
      if (away) throw new StoreUnavailableError('away');
      return store.add(positions);
    },
  }));
  for (let n = 0; n < 3; n++) keeper.note(at(n));
  await keeper.flush();
  expect(counts).toEqual({});
  expect(clock.waiting).toBe(1);
  away = false;
  keeper.note(at(3));
  clock.fire();
  await keeper.flush();
  expect(await kept()).toBe(4);
  expect((counts['kept'] ?? 0) + (counts['left_out'] ?? 0)).toBe(4);
  await keeper.close();
});

test('while the series is away a bounded number waits, the oldest leave first, and each of those is counted', async () => {
  let away = true;
  const { keeper, counts, at, kept } = await keeperOver((store) => ({
    add: (positions) => (away ? Promise.reject(new StoreUnavailableError('away')) : store.add(positions)),
  }));
  for (let n = 0; n < 20_500; n++) keeper.note(at(n));
  await keeper.flush();
  away = false;
  await keeper.close();
  expect(counts).toEqual({ given_up: 500, kept: 20_000, left_out: 0 });
  expect(await kept()).toBe(20_000);
});

test('a batch that the series cannot take is a fault, and does not hold up the next', async () => {
  let first = true;
  const { keeper, counts, faults, at } = await keeperOver((store) => ({
    add: (positions) => {
      if (!first) return store.add(positions);
      first = false;
      return Promise.reject(new TypeError('broken'));
    },
  }));
  for (let n = 0; n < 1_500; n++) keeper.note(at(n));
  await keeper.close();
  expect(faults.length).toBe(1);
  expect(counts).toEqual({ given_up: 1_000, kept: 500, left_out: 0 });
});

// proves PO-6
test('a consent that another node took or gave counts here at once', async () => {
  const { keeper, series, bus } = await keeperOver();
  expect(await keeper.isAllowed('mere')).toBe(true);
  await series.withdraw('mere', 1);
  bus.publish({ kind: 'changed', what: 'profile', id: 'mere', user: 'mere' });
  expect(await keeper.isAllowed('mere')).toBe(false);
  await series.allow('mere', { given_at: 2, device: 'laptop' });
  bus.losing = true;
  bus.publish({ kind: 'changed', what: 'profile', id: 'mere', user: 'mere' });
  bus.reconnect();
  expect(await keeper.isAllowed('mere')).toBe(true);
  await keeper.close();
});
