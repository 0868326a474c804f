import { describe, expect, test } from 'bun:test';
import { Cache } from './cache.ts';

const cacheOf = (load: (key: string) => Promise<string>, max = 10) =>
  new Cache<string>({ load, max, max_age_ms: 1000, now: () => 0 });

describe('the read-through cache', () => {
  test('readers of one missing key share one fetch', async () => {
    let fetches = 0;
    const cache = cacheOf(async (key) => `${key}${++fetches}`);
    expect(await Promise.all([cache.get('a'), cache.get('a')])).toEqual(['a1', 'a1']);
    expect(cache.get('a')).toBe('a1');
  });

  test('a fetch that an invalidation overtook is not kept', async () => {
    const waiting: ((value: string) => void)[] = [];
    const cache = cacheOf(() => new Promise((resolve) => waiting.push(resolve)));
    const stale = cache.get('a');
    cache.delete('a');
    const fresh = cache.get('a');
    waiting[1]?.('new');
    waiting[0]?.('old');
    expect([await stale, await fresh]).toEqual(['old', 'new']);
    expect(cache.get('a')).toBe('new');
  });

  test('never holds more than its bound; the least recently used leaves', async () => {
    const cache = cacheOf(async (key) => key, 2);
    for (const key of ['a', 'b', 'a', 'c']) await cache.get(key);
    expect(cache.size).toBe(2);
    expect(cache.get('a')).toBe('a');
    expect(cache.get('b')).toBeInstanceOf(Promise);
  });

  test('a failed fetch is passed on and tried again', async () => {
    let fails = true;
    const cache = cacheOf(async (key) => {
      if (fails) throw new Error('away');
      return key;
    });
    expect(cache.get('a')).rejects.toThrow('away');
    await Promise.resolve();
    fails = false;
    await new Promise((resolve) => setImmediate(resolve));
    expect(await cache.get('a')).toBe('a');
  });
});
