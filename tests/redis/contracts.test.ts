import { afterAll, beforeAll } from 'bun:test';
import { SenderLimits } from '@konferenco/core';
import { describeDirectoryContract, describeRatesContract } from '@konferenco/testkit/contracts';
import { type RunningProgram, startRedis } from '@konferenco/testkit/servers';
import type { RedisLink } from '../../packages/server/src/adapters/redis/link.ts';
import { createRedisDirectory } from '../../packages/server/src/adapters/redis/presence-directory.ts';
import { createRedisRates } from '../../packages/server/src/adapters/redis/rates.ts';
import { systemClock } from '../../packages/server/src/runtime/system.ts';
import { connect, startRedisCluster } from './support.ts';

/** A cluster takes two seconds until it serves. */
const START_MS = 30_000;

let redis: RunningProgram;
let cluster: RunningProgram;
const links: RedisLink[] = [];
let fresh = 0;

beforeAll(async () => {
  [redis, cluster] = await Promise.all([startRedis(), startRedisCluster()]);
  links.push(await connect(redis.url), await connect(redis.url));
  links.push(await connect(`redis+cluster://127.0.0.1:${cluster.port}`));
}, START_MS);
afterAll(async () => {
  await Promise.all(links.map((link) => link.close()));
  await Promise.all([redis.stop(), cluster.stop()]);
}, START_MS);

const link = (index: number): RedisLink => {
  const found = links[index];
  if (!found) throw new Error('Redis is not connected');
  return found;
};
const directories = (north: number, south: number) => async () => {
  const prefix = `test${fresh++}:`;
  return {
    north: createRedisDirectory({ link: link(north), node: 'north', prefix }),
    south: createRedisDirectory({ link: link(south), node: 'south', prefix }),
  };
};
const rates =
  (...indexes: readonly number[]) =>
  async () => {
    const prefix = `test${fresh++}:`;
    return indexes.map((index) => {
      const local = new SenderLimits(() => systemClock.now());
      const onAlone = () => {
        throw new Error('a node decided alone');
      };
      return createRedisRates({ link: link(index), local, clock: systemClock, onAlone, prefix, wait_ms: 10_000 });
    });
  };

// proves PS-8
describeDirectoryContract('Redis', directories(0, 1));
describeDirectoryContract('Redis Cluster', directories(2, 2));
// proves PS-13
describeRatesContract('Redis', rates(0, 1));
describeRatesContract('Redis Cluster', rates(2));
