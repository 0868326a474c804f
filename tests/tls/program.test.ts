import { afterAll, beforeAll, expect, test } from 'bun:test';
import { freePort, type RunningProgram, startNats, startPostgres } from '@konferenco/testkit/servers';
import { startServerProcess } from '../../packages/testkit/src/server-process.ts';
import { startServer } from '../redis/support.ts';
import { until } from '../system/support/until.ts';
import { giveToPostgres, TestAuthority } from './certificates.ts';

const START_MS = 60_000;

const authority = new TestAuthority();
const here = authority.issue('here', 'DNS:localhost', 'IP:127.0.0.1');
const node = authority.issue('node');
const servers: RunningProgram[] = [];
let env: Record<string, string> = {};

/** Servers that take nobody who shows no certificate. */
beforeAll(async () => {
  giveToPostgres(here);
  const redisPort = await freePort();
  const [postgres, nats, redis] = await Promise.all([
    startPostgres({
      settings: { ssl: 'on', ssl_cert_file: here.certFile, ssl_key_file: here.keyFile, ssl_ca_file: authority.caFile },
    }),
    startNats({
      options: ['--tlsverify', '--tlscert', here.certFile, '--tlskey', here.keyFile, '--tlscacert', authority.caFile],
    }),
    startServer([
      ...['--tls-port', `${redisPort}`, '--tls-cert-file', here.certFile, '--tls-key-file', here.keyFile],
      ...['--tls-ca-cert-file', authority.caFile, '--tls-auth-clients', 'yes'],
    ]),
  ]);
  servers.push(postgres, nats, redis);
  const files = ['POSTGRES', 'NATS', 'REDIS'].flatMap((part) => [
    [`KONFERENCO_${part}_CA_FILE`, authority.caFile],
    [`KONFERENCO_${part}_CERT_FILE`, node.certFile],
    [`KONFERENCO_${part}_KEY_FILE`, node.keyFile],
  ]);
  env = {
    ...{ PORT: '0', KONFERENCO_DATA: authority.dir, KONFERENCO_LOG_LEVEL: 'silent', ...Object.fromEntries(files) },
    // Nobody listens at the first one.
    KONFERENCO_POSTGRES_URL: `postgres://konferenco@127.0.0.1:${await freePort()},127.0.0.1:${postgres.port}/konferenco`,
    KONFERENCO_NATS_URL: nats.url,
    KONFERENCO_REDIS_URL: `rediss://127.0.0.1:${redisPort}`,
  };
}, START_MS);
afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  authority.remove();
}, START_MS);

// proves CN-25, CN-26
test(
  'a node told where its files are stands on three parts that want TLS and a certificate of it',
  async () => {
    const server = await startServerProcess(env);
    const parts = async () => {
      const view = (await (await fetch(`http://127.0.0.1:${server.port}/topology`)).json()) as {
        readonly parts: readonly { readonly name: string; readonly state: string }[];
        readonly streams: object | null;
      };
      return [...view.parts.map(({ name, state }) => `${name} ${state}`), view.streams ? 'streams' : 'no streams'];
    };
    const all = ['postgres working', 'nats working', 'redis working', 'streams'];
    await until(async () => (await parts()).join() === all.join(), 'all parts work', START_MS);
    expect(await parts()).toEqual(all);
    await server.kill();
  },
  START_MS,
);
