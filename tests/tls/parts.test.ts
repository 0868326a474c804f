import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { freePort, type RunningProgram, runProgram, startNats, startPostgres } from '@konferenco/testkit/servers';
import { openNatsBus } from '../../packages/server/src/adapters/nats/bus.ts';
import { openMessageCounts } from '../../packages/server/src/adapters/postgres-series/message-counts.ts';
import { parseServers } from '../../packages/server/src/adapters/postgres-servers.ts';
import { openPostgresStore } from '../../packages/server/src/adapters/postgres/store.ts';
import { openRedis } from '../../packages/server/src/adapters/redis/open.ts';
import type { TlsMaterial } from '../../packages/server/src/adapters/tls.ts';
import { systemClock, systemRandom } from '../../packages/server/src/runtime/system.ts';
import { natsOptions } from '../nats/support.ts';
import { startServer } from '../redis/support.ts';
import { giveToPostgres, TestAuthority } from './certificates.ts';

const START_MS = 60_000;

const authority = new TestAuthority();
const stranger = new TestAuthority();
const here = authority.issue('here', 'DNS:localhost', 'IP:127.0.0.1');
const elsewhere = authority.issue('elsewhere', 'DNS:elsewhere.test');
const node = authority.issue('node');
const trusting = authority.material();
const running: RunningProgram[] = [];
afterAll(async () => {
  await Promise.all(running.map((server) => server.stop()));
  authority.remove();
  stranger.remove();
}, START_MS);

/** `connected`, or the sentence that says why not. */
async function outcome(open: () => Promise<{ close(): Promise<void> }>): Promise<string> {
  try {
    const part = await open();
    await part.close();
    return 'connected';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

describe('PostgreSQL', () => {
  let trusted: RunningProgram;
  let foreign: RunningProgram;
  let plain: RunningProgram;
  beforeAll(async () => {
    const serve = ({ certFile, keyFile }: typeof here) => {
      giveToPostgres({ certFile, keyFile, cert: '', key: '' });
      return startPostgres({
        settings: { ssl: 'on', ssl_cert_file: certFile, ssl_key_file: keyFile, ssl_ca_file: authority.caFile },
      });
    };
    [trusted, foreign, plain] = await Promise.all([serve(here), serve(elsewhere), startPostgres()]);
    running.push(trusted, foreign, plain);
  }, START_MS);

  const open = (url: string, tls?: TlsMaterial) =>
    outcome(() => openPostgresStore({ url: parseServers(url, tls), connectMs: 2_000 }));

  // proves CN-25
  test('a private authority is trusted by its file, and the connections are over TLS', async () => {
    const url = parseServers(trusted.url, authority.material(node));
    const store = await openPostgresStore({ url });
    const counts = await openMessageCounts({ url, now: () => 0 });
    const sql = new Bun.SQL(trusted.url, { max: 1 });
    const rows = await sql`SELECT DISTINCT s.ssl, s.client_dn FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid)
      WHERE a.application_name LIKE 'konferenco%'`;
    expect([...rows]).toEqual([{ ssl: true, client_dn: '/CN=node' }]);
    await Promise.all([sql.close(), counts.close(), store.close()]);
  });

  // proves CN-25
  test('another authority, another host name and a server without TLS are refused', async () => {
    const untrusted = /its certificate is not trusted; name its authority in KONFERENCO_POSTGRES_CA_FILE/;
    expect(await open(trusted.url, stranger.material())).toMatch(untrusted);
    expect(await open(`${trusted.url}?sslmode=verify-full`)).toMatch(untrusted);
    expect(await open(foreign.url, trusting)).toMatch(/its certificate is for another host; name the host in the URL/);
    expect(await open(plain.url, trusting)).toMatch(/it does not speak TLS; set ssl = on there/);
    expect(await open(`${foreign.url}?sslmode=verify-ca`, trusting)).toBe('connected');
    // One server that nobody can trust keeps nobody from the other.
    const both = `${foreign.url.replace(/\/konferenco$/, '')},127.0.0.1:${trusted.port}/konferenco`;
    expect(await open(both, trusting)).toBe('connected');
  });
});

describe('NATS', () => {
  let trusted: RunningProgram;
  let foreign: RunningProgram;
  let asking: RunningProgram;
  let plain: RunningProgram;
  beforeAll(async () => {
    const serve = ({ certFile, keyFile }: typeof here, ...more: string[]) =>
      startNats({ options: ['--tls', '--tlscert', certFile, '--tlskey', keyFile, ...more] });
    [trusted, foreign, asking, plain] = await Promise.all([
      serve(here),
      serve(elsewhere),
      serve(here, '--tlsverify', '--tlscacert', authority.caFile),
      startNats(),
    ]);
    running.push(trusted, foreign, asking, plain);
  }, START_MS);

  const open = (server: RunningProgram, tls?: TlsMaterial) =>
    outcome(() => openNatsBus({ ...natsOptions(server.url), tls }));

  // proves CN-25
  test('a private authority is trusted by its file; another one, another host name and plain text are refused', async () => {
    expect(await open(trusted, trusting)).toBe('connected');
    expect(await open(asking, authority.material(node))).toBe('connected');
    for (const material of [stranger.material(), undefined])
      expect(await open(trusted, material)).toMatch(/name the authority of its certificate in KONFERENCO_NATS_CA_FILE/);
    expect(await open(foreign, trusting)).toMatch(/name the host in KONFERENCO_NATS_URL as its certificate does/);
    expect(await open(asking, trusting)).toMatch(/set KONFERENCO_NATS_CERT_FILE and KONFERENCO_NATS_KEY_FILE/);
    expect(await open(plain, trusting)).toMatch(/whether KONFERENCO_NATS_URL should begin with tls:\/\/ or nats:\/\//);
  });
});

describe('Redis', () => {
  const ports: Record<'trusted' | 'foreign' | 'asking', number> = { trusted: 0, foreign: 0, asking: 0 };
  beforeAll(async () => {
    const serve = async (name: keyof typeof ports, { certFile, keyFile }: typeof here, clients: 'yes' | 'no') => {
      ports[name] = await freePort();
      const files = ['--tls-cert-file', certFile, '--tls-key-file', keyFile, '--tls-ca-cert-file', authority.caFile];
      running.push(await startServer(['--tls-port', `${ports[name]}`, ...files, '--tls-auth-clients', clients]));
    };
    await Promise.all([serve('trusted', here, 'no'), serve('foreign', elsewhere, 'no'), serve('asking', here, 'yes')]);
  }, START_MS);

  const openAt = (url: string, tls?: TlsMaterial) =>
    outcome(() =>
      openRedis({
        url,
        setting: 'KONFERENCO_REDIS_URL',
        tls,
        clock: systemClock,
        random: systemRandom,
        start_ms: 2_000,
      }),
    );
  const open = (port: number, tls?: TlsMaterial) => openAt(`rediss://127.0.0.1:${port}`, tls);

  // proves CN-25
  test('a private authority is trusted by its file; another one and another host name are refused', async () => {
    expect(await open(ports.trusted, trusting)).toBe('connected');
    expect(await open(ports.asking, authority.material(node))).toBe('connected');
    for (const material of [stranger.material(), undefined])
      expect(await open(ports.trusted, material)).toMatch(/name its authority in KONFERENCO_REDIS_CA_FILE/);
    expect(await open(ports.foreign, trusting)).toMatch(/certificate of another host: name it in KONFERENCO_REDIS_URL/);
    expect(await open(ports.asking, trusting)).toMatch(
      /correct KONFERENCO_REDIS_CERT_FILE and KONFERENCO_REDIS_KEY_FILE/,
    );
  });

  // proves CN-25
  test('sentinels are spoken to over TLS too', async () => {
    const sentinel = await startSentinel(ports.trusted);
    running.push(sentinel);
    expect(await openAt(`rediss+sentinel://127.0.0.1:${sentinel.port}/main`, trusting)).toBe('connected');
    expect(await openAt(`rediss+sentinel://127.0.0.1:${sentinel.port}/main`, stranger.material())).not.toBe(
      'connected',
    );
  });
});

/** A sentinel that speaks TLS only and knows the master at `port` as `main`. */
function startSentinel(master: number): Promise<RunningProgram> {
  const tls = ['--tls', '--cacert', authority.caFile];
  return runProgram({
    name: 'sentinel',
    async prepare({ dir, port }) {
      const files = [`tls-cert-file ${here.certFile}`, `tls-key-file ${here.keyFile}`];
      const trust = [`tls-ca-cert-file ${authority.caFile}`, 'tls-auth-clients no', 'tls-replication yes'];
      const place = ['bind 127.0.0.1', 'port 0', `tls-port ${port}`, `sentinel monitor main 127.0.0.1 ${master} 1`];
      await Bun.write(`${dir}/sentinel.conf`, `${[...place, ...files, ...trust].join('\n')}\n`);
    },
    command: ({ dir }) => ['redis-server', `${dir}/sentinel.conf`, '--sentinel'],
    url: ({ port }) => `rediss://127.0.0.1:${port}`,
    async isReady({ port }) {
      const cli = Bun.spawn(['redis-cli', ...tls, '-p', `${port}`, 'ping'], { stdout: 'pipe', stderr: 'ignore' });
      return (await new Response(cli.stdout).text()).startsWith('PONG');
    },
  });
}
