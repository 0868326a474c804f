import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Caddy,
  type RunningProgram,
  startCaddy,
  startNats,
  startPostgres,
  startRedis,
} from '@konferenco/testkit/servers';
import { ROOT } from './lib/files.ts';
import { ensureParts } from './lib/parts.ts';
import { followNodes } from './lib/topology.ts';

/**
 * `npm run cluster`: three nodes on PORT, PORT+1 and PORT+2 with a real PostgreSQL, NATS and Redis, and Caddy in front on PORT+3,
 * all on loopback. Shows the live topology until it is stopped.
 */

const NODES = 3;
const HELP = `npm run cluster

Three nodes on PORT (8080), PORT+1 and PORT+2, with PostgreSQL, NATS and Redis, and Caddy on PORT+3 with a certificate of its own.
What they keep lies in KONFERENCO_DATA (data/cluster; as root /var/lib/konferenco-cluster, which PostgreSQL's user can reach).
Try: open two of the addresses in two browsers and talk. Kill a node or a server and watch.
`;

interface Stoppable {
  readonly name: string;
  stop(): Promise<void>;
}

async function main(argv: readonly string[]): Promise<void> {
  if (argv.includes('--help')) return console.log(HELP);
  const missing = await ensureParts();
  if (missing.length > 0) {
    console.error(missing.join('\n'));
    process.exit(1);
  }
  const port = Number(process.env['PORT'] ?? 8080);
  const data = process.env['KONFERENCO_DATA'] ?? defaultData();
  const running: Stoppable[] = [];
  const stop = async (code: number) => {
    for (const part of running.toReversed()) {
      console.log(`stopping ${part.name}`);
      await part.stop();
    }
    process.exit(code);
  };
  // A terminal and the programs in between may each say it: the second time must not end what is stopping the others.
  let isStopping = false;
  const stopOnce = () => {
    if (!isStopping) void stop(0);
    isStopping = true;
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stopOnce);
  try {
    const parts = await startParts(data, running);
    const urls = await startNodes({ port, data, parts, running });
    running.push({ name: 'caddy', ...(await startProxy(port, data)) });
    console.log(`\nOpen ${urls.join(', ')}, or https://localhost:${port + NODES} through Caddy.\n`);
    await followNodes(urls);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    await stop(1);
  }
}

/** PostgreSQL does not run as root, and its own user cannot look into root's folders. */
function defaultData(): string {
  return process.getuid?.() === 0 ? '/var/lib/konferenco-cluster' : join(ROOT, 'data/cluster');
}

interface Parts {
  readonly postgres: RunningProgram;
  readonly nats: RunningProgram;
  readonly redis: RunningProgram;
}

async function startParts(data: string, running: Stoppable[]): Promise<Parts> {
  const start = async (name: string, program: Promise<RunningProgram>): Promise<RunningProgram> => {
    const part = await program;
    running.push({ name, stop: () => part.stop() });
    console.log(`${name.padEnd(10)} ${part.url}`);
    return part;
  };
  return {
    postgres: await start('postgres', startPostgres({ dir: join(data, 'postgres'), detached: true })),
    nats: await start('nats', startNats({ dir: join(data, 'nats'), detached: true })),
    redis: await start('redis', startRedis({ dir: join(data, 'redis'), detached: true })),
  };
}

interface NodesToStart {
  readonly port: number;
  readonly data: string;
  readonly parts: Parts;
  readonly running: Stoppable[];
}

/** One after the other: the first makes the demo event, and a mistake is told once. @returns their addresses. */
async function startNodes({ port, data, parts, running }: NodesToStart): Promise<string[]> {
  const urls: string[] = [];
  for (let n = 0; n < NODES; n++) {
    const own = port + n;
    const url = `http://localhost:${own}`;
    const child = Bun.spawn([process.execPath, join(ROOT, 'packages/server/src/main.ts')], {
      env: {
        ...process.env,
        PORT: String(own),
        KONFERENCO_NODE: `node-${own}`,
        KONFERENCO_NODE_URL: url,
        KONFERENCO_DATA: join(data, 'files'),
        KONFERENCO_POSTGRES_URL: parts.postgres.url,
        KONFERENCO_NATS_URL: parts.nats.url,
        KONFERENCO_REDIS_URL: parts.redis.url,
      },
      stdout: 'pipe',
      stderr: 'inherit',
      detached: true,
    });
    running.push({
      name: `node-${own}`,
      async stop() {
        child.kill('SIGINT');
        await child.exited;
      },
    });
    if (!(await listens(child.stdout))) throw new Error(`node-${own} did not start; the lines above say why`);
    console.log(`node-${own}  ${url}`);
    urls.push(url);
  }
  return urls;
}

/** Reads to the end, so that the node never waits for its reader. */
async function listens(stdout: ReadableStream<Uint8Array>): Promise<boolean> {
  const reader = stdout.getReader();
  const decoder = new TextDecoder();
  let text = '';
  while (!text.includes('listens on')) {
    const { done, value } = await reader.read();
    if (done) return false;
    text += decoder.decode(value, { stream: true });
  }
  void (async () => {
    while (!(await reader.read()).done);
  })();
  return true;
}

function startProxy(port: number, data: string): Promise<Caddy> {
  const upstreams = Array.from({ length: NODES }, (_, n) => port + n);
  return startCaddy({ port: port + NODES, upstreams, dir: join(data, 'caddy') });
}

if (!existsSync(join(ROOT, 'apps/web/dist/index.html'))) throw new Error('the web application is not built');
await main(process.argv.slice(2));
