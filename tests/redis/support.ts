import { type RunningProgram, runProgram } from '@konferenco/testkit/servers';
import type { RedisLink } from '../../packages/server/src/adapters/redis/link.ts';
import { openRedis } from '../../packages/server/src/adapters/redis/open.ts';
import { systemClock, systemRandom } from '../../packages/server/src/runtime/system.ts';

/** A connection to Redis as a node makes it. */
export function connect(url: string, start_ms = 5_000, ca?: string): Promise<RedisLink> {
  const trust = ca === undefined ? {} : { tls: { ca } };
  return openRedis({ url, setting: 'KONFERENCO_REDIS', start_ms, ...trust, clock: systemClock, random: systemRandom });
}

/** A redis-server with further arguments, which serves once `commands` are carried out. */
export function startServer(
  args: readonly string[],
  commands: readonly (readonly string[])[] = [],
): Promise<RunningProgram> {
  return runProgram({
    name: 'redis',
    command: ({ port, dir }) => [
      ...['redis-server', '--bind', '127.0.0.1', '--port', `${port}`, '--dir', dir],
      ...['--save', '', '--appendonly', 'no', ...args],
    ],
    url: ({ port }) => `redis://127.0.0.1:${port}`,
    isReady: async ({ port }) => {
      for (const command of [['ping'], ...commands]) {
        const cli = Bun.spawn(['redis-cli', '-p', `${port}`, ...command], { stdout: 'pipe', stderr: 'ignore' });
        const said = await new Response(cli.stdout).text();
        if ((await cli.exited) !== 0 || said === '' || said.includes('cluster_state:fail')) return false;
      }
      return true;
    },
  });
}

/** A Redis Cluster of one node, which has all slots: it refuses commands over several slots as a larger one does. */
export function startRedisCluster(): Promise<RunningProgram> {
  return startServer(
    ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'],
    [
      ['cluster', 'addslotsrange', '0', '16383'],
      ['cluster', 'info'],
    ],
  );
}
