import { describe, expect, test } from 'bun:test';
import { type LocalChange, LocalStoreError } from '../storage/local-store.ts';
import { memoryStore } from '../storage/memory-store.ts';
import { settle, VirtualClock } from '../testing/virtual-clock.ts';
import { WAITING_MAX, WRITE_AGAIN_MS, WriteBehind } from './write-behind.ts';

/** A store whose writes the test lets through or fails. */
function world() {
  const clock = new VirtualClock();
  const inner = memoryStore();
  const writes: (readonly LocalChange[])[] = [];
  const failures: string[] = [];
  const state = { fault: null as 'full' | 'unavailable' | null, held: null as Promise<void> | null, rooms: 0 };
  const store = {
    ...inner,
    write: async (changes: readonly LocalChange[]) => {
      await state.held;
      if (state.fault) throw new LocalStoreError(state.fault, 'no');
      writes.push(changes);
      await inner.write(changes);
    },
  };
  const behind = new WriteBehind({
    store,
    isShared: false,
    environment: { after: clock.after, exclusively: (_, fn) => fn() },
    makeRoom: async () => {
      state.rooms++;
      return true;
    },
    failed: ({ fault }) => failures.push(fault),
  });
  return { clock, inner, writes, failures, state, behind };
}

describe('writing behind', () => {
  test('what comes while one batch is written is one batch more, newest value last', async () => {
    const { inner, writes, state, behind } = world();
    const hold = Promise.withResolvers<void>();
    state.held = hold.promise;
    behind.put('meta', 'a', 1);
    await settle();
    for (let i = 2; i <= 9; i++) behind.put('meta', 'a', i);
    behind.put('meta', 'b', 1);
    expect(behind.peek('meta', 'a')).toEqual({ value: 9 });
    hold.resolve();
    expect(await behind.written()).toBe(true);
    expect(writes.map((changes) => changes.map(({ key, value }) => [key, value]))).toEqual([
      [['a', 1]],
      [
        ['a', 9],
        ['b', 1],
      ],
    ]);
    expect(await inner.get('meta', 'a')).toBe(9);
    expect(behind.peek('meta', 'a')).toBeUndefined();
  });

  test('nothing counts as written while the store refuses, and all of it once it does not', async () => {
    const { clock, inner, failures, state, behind } = world();
    state.fault = 'unavailable';
    behind.put('meta', 'a', 1);
    const told: boolean[] = [];
    void behind.written().then((kept) => told.push(kept));
    await clock.pass(WRITE_AGAIN_MS * 2);
    expect(told).toEqual([]);
    state.fault = null;
    await clock.pass(WRITE_AGAIN_MS);
    expect(told).toEqual([true]);
    expect(failures).toContain('unavailable');
    expect(await inner.get('meta', 'a')).toBe(1);
  });

  test('without room, room is made and the write tried again', async () => {
    const { state, behind } = world();
    state.fault = 'full';
    behind.put('meta', 'a', 1);
    await settle();
    expect(state.rooms).toBe(1);
  });

  test('what is more than waits is given up, and from then on nothing counts as written', async () => {
    const { state, behind } = world();
    state.fault = 'unavailable';
    for (let i = 0; i <= WAITING_MAX; i++) behind.put('meta', String(i), i);
    expect(await behind.written()).toBe(false);
    state.fault = null;
    behind.put('meta', 'z', 1);
    expect(await behind.written()).toBe(false);
  });

  test('work alone runs after what was put before it and before what comes later', async () => {
    const { inner, behind } = world();
    behind.put('meta', 'a', 'before');
    const seen = behind.alone(async () => {
      const value = await inner.get('meta', 'a');
      await inner.drop('meta', '');
      return value;
    });
    behind.put('meta', 'b', 'after');
    expect(await seen).toBe('before');
    expect(await behind.written()).toBe(true);
    expect(await inner.list('meta', { prefix: '', limit: 9 })).toEqual([{ key: 'b', value: 'after' }]);
  });
});
