import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, type RunningProgram, startNats, startPostgres, startRedis } from '@konferenco/testkit/servers';
import { connectNats } from '../../packages/server/src/adapters/nats/connection.ts';
import { natsOptions } from '../nats/support.ts';
import { pooled } from '../system/support/until.ts';

/** In every address below; nobody may read it in what the program prints. */
const SECRET = 'correct-horse';
const START_MS = 60_000;
const MAIN = Bun.resolveSync('@konferenco/server/main', import.meta.dir);

let postgres: RunningProgram;
let nats: RunningProgram;
let guarded: RunningProgram;
let redis: RunningProgram;
let spoilt: RunningProgram;
/** Nobody else has made streams here. */
let fresh: RunningProgram;
const fakes: { stop(force: boolean): void }[] = [];
const dir = mkdtempSync(join(tmpdir(), 'konferenco-start-'));

beforeAll(async () => {
  [postgres, nats, guarded, redis, spoilt, fresh] = await Promise.all([
    startPostgres(),
    startNats(),
    startNats({ options: ['--user', 'node', '--pass', 'another'] }),
    startRedis(),
    startNats(),
    startNats(),
  ]);
  const connection = await connectNats(natsOptions(spoilt.url), { noEcho: true });
  const stream = { name: 'CHAT', subjects: ['somebody.else.>'], retention: 'workqueue', storage: 'memory' };
  await connection.request('$JS.API.STREAM.CREATE.CHAT', JSON.stringify(stream));
  await connection.close();
  void pooled(CASES, AT_ONCE, async ({ env }, index) => runs[index]?.resolve(await run(await env())));
}, START_MS);
afterAll(async () => {
  for (const fake of fakes) fake.stop(true);
  await Promise.all([postgres, nats, guarded, redis, spoilt, fresh].map((server) => server.stop()));
  rmSync(dir, { recursive: true, force: true });
}, START_MS);

const at = (server: RunningProgram) => server.url.replace('//', `//konferenco:${SECRET}@`).replace('konferenco@', '');
const nowhere = (scheme: string, port: number, path = '') =>
  `${scheme}://konferenco:${SECRET}@127.0.0.1:${port}${path}`;

/** A server that says `hello` to whoever comes, and `answer` to what they say. */
function fake(hello: string, answer: (said: string) => string): number {
  const server = Bun.listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      open: (socket) => void (hello && socket.write(hello)),
      data: (socket, bytes) => void socket.write(answer(bytes.toString())),
    },
  });
  fakes.push(server);
  return server.port;
}

function oldNats(): number {
  const info = {
    server_id: 'x',
    server_name: 'x',
    version: '2.2.0',
    proto: 1,
    max_payload: 1_048_576,
    jetstream: true,
  };
  return fake(`INFO ${JSON.stringify(info)}\r\n`, (said) => (said.includes('PING') ? 'PONG\r\n' : ''));
}

function oldRedis(): number {
  const info = 'redis_version:6.2.14\r\nrole:master\r\nloading:0\r\n';
  return fake('', (said) => (said.toLowerCase().includes('info') ? `$${info.length}\r\n${info}\r\n` : '+OK\r\n'));
}

type Env = Readonly<Record<string, string>>;
interface Case {
  readonly wrong: string;
  readonly env: () => Env | Promise<Env>;
  readonly says: RegExp;
}

const store = () => ({ KONFERENCO_POSTGRES_URL: postgres.url });
const joined = () => ({ ...store(), KONFERENCO_NATS_URL: nats.url });

const CASES: readonly Case[] = [
  {
    wrong: 'PostgreSQL is not there',
    env: async () => ({ KONFERENCO_POSTGRES_URL: nowhere('postgres', await freePort(), '/konferenco') }),
    says: /PostgreSQL at 127\.0\.0\.1:\d+\/konferenco: it does not answer; check that it runs/,
  },
  {
    wrong: 'a user whom PostgreSQL does not know',
    env: () => ({
      KONFERENCO_POSTGRES_URL: nowhere('postgres', postgres.port, '/konferenco').replace('konferenco:', 'nobody:'),
    }),
    says: /the user 'nobody' is not let in; check the user name and password/,
  },
  {
    wrong: 'NATS is not there',
    env: async () => ({ ...store(), KONFERENCO_NATS_URL: nowhere('nats', await freePort()) }),
    says: /NATS at 127\.0\.0\.1:\d+ does not answer .*: start it, or correct KONFERENCO_NATS_URL\./,
  },
  {
    wrong: 'a wrong password for NATS',
    env: () => ({ ...store(), KONFERENCO_NATS_URL: nowhere('nats', guarded.port) }),
    says: /refuses the user name, password or token: correct them in KONFERENCO_NATS_URL\./,
  },
  {
    wrong: 'an old NATS',
    env: () => ({ ...store(), KONFERENCO_NATS_URL: nowhere('nats', oldNats()) }),
    says: /is version 2\.2\.0: upgrade it to 2\.9 or newer\./,
  },
  {
    wrong: 'a stream of somebody else',
    env: () => ({ ...store(), KONFERENCO_NATS_URL: spoilt.url }),
    says: /Stream CHAT of NATS at .* is not as it should be .*: change it with 'nats stream edit CHAT'/,
  },
  {
    wrong: 'streams with three copies on one NATS',
    env: () => ({ ...store(), KONFERENCO_NATS_URL: at(fresh), KONFERENCO_STREAM_REPLICAS: '3' }),
    says: /refuses a stream .*: check its JetStream limits and number of servers\./,
  },
  {
    wrong: 'Redis is not there',
    env: async () => ({ ...joined(), KONFERENCO_REDIS_URL: nowhere('redis', await freePort()) }),
    says: /Redis at 127\.0\.0\.1:\d+ does not answer .*: start it, or correct KONFERENCO_REDIS_URL/,
  },
  {
    wrong: 'a wrong password for Redis',
    env: () => ({ ...joined(), KONFERENCO_REDIS_URL: at(redis) }),
    says: /Redis at .* refuses the user or password: correct them in KONFERENCO_REDIS_URL/,
  },
  {
    wrong: 'an old Redis',
    env: () => ({ ...joined(), KONFERENCO_REDIS_URL: `redis://127.0.0.1:${oldRedis()}` }),
    says: /is version 6\.2\.14: upgrade it to 7 or newer/,
  },
  {
    wrong: 'authorities for NATS in a file that is not there',
    env: () => ({ ...joined(), KONFERENCO_NATS_CA_FILE: join(dir, 'none.pem') }),
    says: /KONFERENCO_NATS_CA_FILE: .*none\.pem cannot be read \(ENOENT\); correct the path/,
  },
  {
    wrong: 'a replica wanted where everything is written',
    env: () => ({ KONFERENCO_POSTGRES_URL: `${at(postgres)}?target_session_attrs=standby` }),
    says: /target_session_attrs=standby may lead to a server that takes no writes: leave it out/,
  },
  {
    wrong: 'half a cluster: NATS without PostgreSQL',
    env: () => ({ KONFERENCO_NATS_URL: at(nats) }),
    says: /set KONFERENCO_POSTGRES_URL too/,
  },
  {
    wrong: 'half a cluster: Redis without NATS',
    env: () => ({ ...store(), KONFERENCO_REDIS_URL: at(redis) }),
    says: /set KONFERENCO_NATS_URL too/,
  },
  {
    wrong: 'half a storage for files',
    env: () => ({
      KONFERENCO_S3_ENDPOINT: 'http://127.0.0.1:1',
      KONFERENCO_S3_SECRET: SECRET,
      KONFERENCO_S3_KEY: 'key',
    }),
    says: /set KONFERENCO_S3_BUCKET too/,
  },
];

/** Programs that start at once: one that waits for its server should not keep the others waiting. */
const AT_ONCE = 3;
const runs = CASES.map(() => Promise.withResolvers<{ readonly code: number; readonly said: string }>());

/** Runs the program as an operator does; it must end by itself. */
async function run(env: Env): Promise<{ code: number; said: string }> {
  const child = Bun.spawn([process.execPath, MAIN], {
    env: { PATH: process.env['PATH'] ?? '', PORT: '0', KONFERENCO_DATA: dir, KONFERENCO_LOG_LEVEL: 'silent', ...env },
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const said = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, said: said.join('') };
}

// proves BU-11, PS-11, AT-8, CN-21
test.each(CASES.map((one) => [one.wrong, one] as const))(
  '%s: the program does not start, and says in a sentence what to do',
  async (_, one) => {
    const { says } = one;
    const { code, said } = (await runs[CASES.indexOf(one)]?.promise) ?? { code: 0, said: '' };
    expect(said).toMatch(says);
    expect([1, 2]).toContain(code);
    expect(said).toStartWith('Konferenco cannot start:\n');
    expect(said).not.toContain(SECRET);
    expect(said).not.toMatch(/\n\s+at /);
    expect(said.trim().split('\n')).toHaveLength(2);
  },
  START_MS,
);
