import { afterAll, beforeAll, test } from 'bun:test';
import { copyFileSync } from 'node:fs';
import { freePort, type RunningProgram, startNats, startPostgres } from '@konferenco/testkit/servers';
import { type RunningProcess, startServerProcess } from '../../packages/testkit/src/server-process.ts';
import { startServer } from '../redis/support.ts';
import { until } from '../system/support/until.ts';
import { type Certificate, giveToPostgres, TestAuthority } from './certificates.ts';

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

/** The parts as a node sees them. */
async function partsOf(node: RunningProcess): Promise<string> {
  const view = (await (await fetch(`http://127.0.0.1:${node.port}/topology`)).json()) as {
    readonly parts: readonly { readonly name: string; readonly state: string }[];
    readonly streams: object | null;
  };
  return [...view.parts.map(({ name, state }) => `${name} ${state}`), view.streams ? 'streams' : 'no streams'].join();
}

function replace(old: Certificate, fresh: Certificate): void {
  copyFileSync(fresh.certFile, old.certFile);
  copyFileSync(fresh.keyFile, old.keyFile);
}

// proves CN-25, CN-26
test(
  'a node told where its files are stands on three parts that want TLS and a certificate of it, and goes on when all of them are replaced',
  async () => {
    const server = await startServerProcess(env);
    const all = 'postgres working,nats working,redis working,streams';
    await until(async () => (await partsOf(server)) === all, 'all parts work', START_MS);

    const next = new TestAuthority();
    copyFileSync(next.caFile, authority.caFile);
    replace(here, next.issue('here', 'DNS:localhost', 'IP:127.0.0.1'));
    replace(node, next.issue('node'));
    next.remove();
    await Promise.all(servers.map((part) => part.kill()));
    const none = 'postgres away,nats away,redis away,no streams';
    await until(async () => (await partsOf(server)) === none, 'no part works', START_MS);
    await Promise.all(servers.map((part) => part.restart()));
    await until(async () => (await partsOf(server)) === all, 'all parts work with other certificates', START_MS);
    await server.kill();
  },
  START_MS,
);
