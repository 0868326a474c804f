import { expect, test } from 'bun:test';
import type { RequestRates } from '@konferenco/core';
import { VirtualClock } from '@konferenco/testkit';
import { Refused } from '../accounts/refused.ts';
import { Buckets } from './limits.ts';

const RATE = { burst: 3, per_s: 1 };

/** How often `key` may take out of `times`, and what the last refusal says. */
async function taken(buckets: Buckets, times: number, key = 'mere') {
  let count = 0;
  let retry_after_ms: number | undefined;
  for (let i = 0; i < times; i++) {
    try {
      await buckets.take(key);
      count++;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      retry_after_ms = error.retry_after_ms;
    }
  }
  return { count, retry_after_ms };
}

test('each key has a bucket of its own, and a refusal says when there is a token again', async () => {
  const clock = new VirtualClock();
  const buckets = new Buckets({ name: 'rest', rate: RATE, clock });
  expect(await taken(buckets, 5)).toEqual({ count: 3, retry_after_ms: 1_000 });
  expect(await taken(buckets, 1, 'hone')).toEqual({ count: 1, retry_after_ms: undefined });
  await clock.advance(1_000);
  expect(await taken(buckets, 5)).toEqual({ count: 1, retry_after_ms: 1_000 });
});

test('what all nodes together refuse is refused; what they do not know, the node decides alone', async () => {
  const clock = new VirtualClock();
  const asked: string[] = [];
  let answer: number | null = 250;
  const shared: RequestRates = {
    async tryTake(name, key) {
      asked.push(`${name} ${key}`);
      return answer;
    },
  };
  const buckets = new Buckets({ name: 'rest', rate: RATE, clock, shared });
  expect(await taken(buckets, 2)).toEqual({ count: 0, retry_after_ms: 250 });
  answer = null;
  expect(await taken(buckets, 5)).toEqual({ count: 3, retry_after_ms: 1_000 });
  // What this node refuses costs the others no question.
  expect(asked).toEqual(Array.from({ length: 5 }, () => 'rest mere'));
  await clock.advance(3_000);
  answer = 0;
  const together = await Promise.allSettled(Array.from({ length: 4 }, () => buckets.take('mere')));
  expect(together.map(({ status }) => status)).toEqual(Array.from({ length: 4 }, () => 'fulfilled'));
});
