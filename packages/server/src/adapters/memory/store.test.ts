import { describe, expect, test } from 'bun:test';
import { createMemoryDisk, createMemoryStore } from './store.ts';

describe('a crash of the memory store', () => {
  const command = (n: number) => ({
    appends: [{ log: 'ch:a', id: `id-${n}`, sender: 'ann', envelope: `{"n":${n}}`, expires_at: 1_000 }],
  });

  test('keeps what was acknowledged and, of what waited, the oldest calls it is told to keep', async () => {
    const disk = createMemoryDisk({ epoch: 'e1' });
    let blocked = false;
    const store = createMemoryStore({
      now: () => 1,
      disk,
      settle: () => (blocked ? new Promise(() => {}) : Promise.resolve()),
    });
    await store.commit([command(1)]);
    blocked = true;
    const waiting = [store.commit([command(2)]), store.commit([command(3)])];
    store.crash(1);
    const results = await Promise.allSettled(waiting);
    expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected']);
    await expect(store.commit([command(4)])).rejects.toMatchObject({ name: 'StoreUnavailableError' });

    const restarted = createMemoryStore({ now: () => 1, disk });
    expect(restarted.epoch).toBe('e1');
    const { entries } = await restarted.read('ch:a', { after: 0, limit: 10, max_bytes: 1_000 });
    expect(entries.map((entry) => entry.id)).toEqual(['id-1', 'id-2']);
  });
});
