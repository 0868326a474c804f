import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, type RunningProgram, runProgram } from '@konferenco/testkit/servers';
import { RedisStartError } from '../../packages/server/src/adapters/redis/errors.ts';
import { connect, startRedisCluster, startServer } from './support.ts';

const START_MS = 30_000;
const SECRET = 'correct-horse';

let guarded: RunningProgram;
let cluster: RunningProgram;

beforeAll(async () => {
  [guarded, cluster] = await Promise.all([startServer(['--requirepass', SECRET]), startRedisCluster()]);
}, START_MS);
afterAll(() => Promise.all([guarded.stop(), cluster.stop()]), START_MS);

/** A server that is no Redis, or an old one: answers each command as `answer` says. */
function startFake(answer: (command: string) => string) {
  return Bun.listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: { data: (socket, bytes) => void socket.write(answer(bytes.toString().toLowerCase())) },
  });
}

async function refusal(url: string, start_ms = 5_000): Promise<RedisStartError> {
  const error = await connect(url, start_ms).then(
    () => new Error('it connected'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof RedisStartError)) throw error;
  expect(error.message).toContain('KONFERENCO_REDIS');
  expect(error.message).not.toContain(SECRET);
  expect(error.message).not.toContain('wrong-horse');
  return error;
}

// proves PS-11
describe('a Redis that cannot be used fails the start with a sentence that says what to do', () => {
  test('nobody listens', async () => {
    const { reason, message } = await refusal(`redis://:${SECRET}@127.0.0.1:${await freePort()}`, 300);
    expect(reason).toBe('unreachable');
    expect(message).toMatch(/^Redis at 127\.0\.0\.1:\d+ does not answer \(ECONNREFUSED\): start it, or correct/);
  });

  test('no password, and a wrong one', async () => {
    expect(await refusal(`redis://127.0.0.1:${guarded.port}`)).toMatchObject({ reason: 'password_missing' });
    expect(await refusal(`redis://:wrong-horse@127.0.0.1:${guarded.port}`)).toMatchObject({
      reason: 'password_refused',
    });
    const link = await connect(`redis://:${SECRET}@127.0.0.1:${guarded.port}`);
    expect(link.stats().connected).toBe(true);
    await link.close();
  });

  test('an old server', async () => {
    const info = 'redis_version:6.2.14\r\nrole:master\r\nloading:0\r\n';
    const old = startFake((command) => (command.includes('info') ? `$${info.length}\r\n${info}\r\n` : '+OK\r\n'));
    const { reason, message } = await refusal(`redis://127.0.0.1:${old.port}`);
    old.stop(true);
    expect(reason).toBe('too_old');
    expect(message).toContain('is version 6.2.14: upgrade it to 7 or newer');
  });

  test('something else that answers', async () => {
    const other = startFake(() => 'HTTP/1.1 400 Bad Request\r\n\r\n');
    const { reason } = await refusal(`redis://127.0.0.1:${other.port}`);
    other.stop(true);
    expect(reason).toBe('not_redis');
  });

  test('a cluster where one server is named, and the other way round', async () => {
    expect(await refusal(`redis://127.0.0.1:${cluster.port}`)).toMatchObject({ reason: 'is_cluster' });
    const url = `redis+cluster://:${SECRET}@127.0.0.1:${guarded.port}`;
    expect(await refusal(url)).toMatchObject({ reason: 'no_cluster' });
  });

  test('a replica, which cannot be written to', async () => {
    const replica = await startServer(['--replicaof', `127.0.0.1 ${guarded.port}`, '--masterauth', SECRET]);
    const { reason } = await refusal(`redis://127.0.0.1:${replica.port}`);
    await replica.stop();
    expect(reason).toBe('is_replica');
  });

  test(
    'sentinels that do not know the master; with its right name they lead to it',
    async () => {
      const sentinel = await startSentinel();
      const at = `redis+sentinel://:${SECRET}@127.0.0.1:${sentinel.port}`;
      expect(await refusal(`${at}/another`, 1_000)).toMatchObject({ reason: 'no_such_master' });
      const link = await connect(`${at}/main`);
      expect(await link.run((commands) => commands.ping())).toBe('PONG');
      await link.close();
      await sentinel.stop();
    },
    START_MS,
  );
});

test('over TLS, with an authority of one’s own; without it the server is not trusted', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'konferenco-tls-'));
  const [key, certificate] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
  const made = Bun.spawn(
    [
      ...['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=localhost'],
      ...['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', certificate],
    ],
    { stdout: 'ignore', stderr: 'ignore' },
  );
  expect(await made.exited).toBe(0);
  const port = await freePort();
  const files = ['--tls-cert-file', certificate, '--tls-key-file', key, '--tls-auth-clients', 'no'];
  const server = await startServer(['--tls-port', `${port}`, ...files]);
  const link = await connect(`rediss://127.0.0.1:${port}`, 5_000, await Bun.file(certificate).text());
  expect(await link.run((commands) => commands.ping())).toBe('PONG');
  await link.close();
  expect(await refusal(`rediss://127.0.0.1:${port}`)).toMatchObject({ reason: 'not_trusted' });
  await server.stop();
  await rm(dir, { recursive: true });
}, 120_000);

function startSentinel(): Promise<RunningProgram> {
  return runProgram({
    name: 'sentinel',
    prepare: async ({ dir, port }) => {
      const lines = [
        'bind 127.0.0.1',
        `port ${port}`,
        `sentinel monitor main 127.0.0.1 ${guarded.port} 1`,
        `sentinel auth-pass main ${SECRET}`,
      ];
      await Bun.write(`${dir}/sentinel.conf`, `${lines.join('\n')}\n`);
    },
    command: ({ dir }) => ['redis-server', `${dir}/sentinel.conf`, '--sentinel'],
    url: ({ port }) => `redis://127.0.0.1:${port}`,
    isReady: async ({ port }) => {
      const cli = Bun.spawn(['redis-cli', '-p', `${port}`, 'ping'], { stdout: 'pipe', stderr: 'ignore' });
      return (await new Response(cli.stdout).text()).startsWith('PONG');
    },
  });
}
