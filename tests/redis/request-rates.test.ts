import { afterAll, beforeAll, expect, test } from 'bun:test';
import { type RunningProgram, startRedis } from '@konferenco/testkit/servers';
import type { RedisLink } from '../../packages/server/src/adapters/redis/link.ts';
import { createRedisRequestRates } from '../../packages/server/src/adapters/redis/request-rates.ts';
import { Buckets } from '../../packages/server/src/http/limits.ts';
import { createTestApi } from '../../packages/server/src/http/test-api.ts';
import { systemClock } from '../../packages/server/src/runtime/system.ts';
import { until } from '../system/support/until.ts';
import { connect } from './support.ts';

const START_MS = 30_000;

let redis: RunningProgram;
let links: RedisLink[];
let alone = 0;
/** Requests, by turns of this node and that. */
const NODES = 2;

beforeAll(async () => {
  redis = await startRedis();
  links = await Promise.all(Array.from({ length: NODES }, () => connect(redis.url)));
}, START_MS);
afterAll(async () => {
  await Promise.all(links.map((link) => link.close()));
  await redis.stop();
}, START_MS);

const rates = () => links.map((link) => createRedisRequestRates({ link, clock: systemClock, onAlone: () => alone++ }));

/** How many of `times` requests pass, one after the other, at each node in turn. */
async function passed(times: number, request: (index: number) => Promise<boolean>) {
  const start = performance.now();
  let count = 0;
  for (let i = 0; i < times; i++) if (await request(i % NODES)) count++;
  return { count, refilled: ((performance.now() - start) / 1_000) * 10 + 1 };
}

// proves PS-16
test(
  'one person, and one address that signs in, have their rate of requests at all nodes together',
  async () => {
    const apis = await Promise.all(rates().map((requestRates) => createTestApi({ requestRates })));
    const statusOf = async (index: number, user: string | null, address: string) => {
      const api = apis[index];
      if (!api) throw new Error('there are two nodes');
      const token = user === null ? {} : { token: await api.tokenOf(user) };
      const response = await api.send(user === null ? 'server' : 'me', { address, ...token });
      if (response.status === 429) expect(Number(response.headers.get('Retry-After'))).toBeGreaterThan(0);
      return response.status;
    };
    const person = await passed(200, async (index) => (await statusOf(index, 'aroha', '192.0.2.1')) === 200);
    expect(person.count).toBeGreaterThanOrEqual(120);
    expect(person.count).toBeLessThanOrEqual(120 + person.refilled);
    const address = await passed(500, async (index) => (await statusOf(index, null, '192.0.2.2')) === 200);
    expect(address.count).toBeGreaterThanOrEqual(300);
    expect(address.count).toBeLessThanOrEqual(300 + address.refilled);
    expect(await statusOf(0, null, '192.0.2.3')).toBe(200);
    expect(alone).toBe(0);
  },
  START_MS,
);

// proves PS-16
test(
  'while Redis is away each node counts requests for itself, and says so; afterwards they count together again',
  async () => {
    // No token comes back while the test runs.
    const rate = { burst: 10, per_s: 0.001 };
    const nodes = rates().map((shared) => new Buckets({ name: 'test', rate, clock: systemClock, shared }));
    const take = (user: string) => (index: number) =>
      nodes[index]?.take(user).then(
        () => true,
        () => false,
      ) ?? Promise.resolve(false);
    const available = (expected: boolean) =>
      until(() => links.every((link) => link.available === expected), `Redis is there: ${expected}`);

    expect((await passed(30, take('ana'))).count).toBe(10);
    const before = alone;
    // A paused server leaves its connections open: requests wait a moment, and are not refused.
    redis.pause();
    expect((await passed(30, take('ben'))).count).toBe(20);
    redis.resume();
    await available(true);
    await redis.kill();
    await available(false);
    expect((await passed(30, take('cyd'))).count).toBe(20);
    expect(alone - before).toBe(40);
    await redis.restart();
    await available(true);
    const settled = async () => {
      const asked = alone;
      for (const node of nodes) await node.take(crypto.randomUUID());
      return alone === asked;
    };
    await until(settled, 'both ask Redis again');
    expect((await passed(30, take('dov'))).count).toBe(10);
  },
  START_MS,
);
