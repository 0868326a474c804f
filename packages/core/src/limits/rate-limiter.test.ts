import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { RateLimiter, RateLimitExceededError } from './rate-limiter.ts';

describe('RateLimiter', () => {
  // proves DL-7
  test('the 11th message within 60 s is refused with the time to wait', () => {
    let now = 1_000;
    const limiter = new RateLimiter({ limit: 10, window: 60_000, now: () => now });
    for (let i = 0; i < 10; i++) {
      limiter.take('user-123');
      now += 1_000;
    }
    expect(() => limiter.take('user-123')).toThrow(RateLimitExceededError);
    expect(limiter.tryTake('user-123')).toBe(50_000);
    now += 50_000;
    expect(limiter.tryTake('user-123')).toBe(0);
  });

  test('one sender at the limit does not hold up another', () => {
    const limiter = new RateLimiter({ limit: 1, window: 1_000, now: () => 5 });
    limiter.take('a');
    expect(limiter.tryTake('a')).toBeGreaterThan(0);
    expect(limiter.tryTake('b')).toBe(0);
  });

  test('no window of its length ever holds more than the limit, whatever the arrivals', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 60 }),
        (limit, gaps) => {
          let now = 0;
          const limiter = new RateLimiter({ limit, window: 1_000, now: () => now });
          const taken: number[] = [];
          for (const gap of gaps) {
            now += gap;
            const wait = limiter.tryTake('x');
            if (wait === 0) taken.push(now);
            expect(taken.filter((at) => at > now - 1_000).length).toBeLessThanOrEqual(limit);
            if (wait > 0) expect(wait).toBeLessThanOrEqual(1_000);
          }
        },
      ),
    );
  });

  test('sweep forgets silent senders and keeps the count of the others', () => {
    let now = 0;
    const limiter = new RateLimiter({ limit: 1, window: 1_000, now: () => now });
    limiter.take('silent');
    now = 900;
    limiter.take('busy');
    now = 1_100;
    limiter.sweep();
    expect(limiter.size).toBe(1);
    expect(limiter.tryTake('busy')).toBe(800);
  });
});
