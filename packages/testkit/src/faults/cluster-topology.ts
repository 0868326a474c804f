import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClusterDisks, disksOf, mountClusterDisks, startNatsOn, startPostgresOn } from './cluster-disks.ts';
import { startNats } from '../servers/nats.ts';
import { startPostgres } from '../servers/postgres.ts';
import { freePort, type RunningProgram } from '../servers/program.ts';
import { startRedis } from '../servers/redis.ts';
import { streamFault } from './cluster-streams.ts';
import { ServerNode } from './server-node.ts';
import { NODE_ENV } from './single-topology.ts';
import { TcpProxy } from './tcp-proxy.ts';
import type { Topology, TopologyLink, TopologyOptions, TopologyService } from './topology.ts';

const NODES = 3;

type Services = Readonly<Record<TopologyService['name'], RunningProgram>>;

const ENV: Readonly<Record<TopologyService['name'], string>> = {
  postgres: 'KONFERENCO_POSTGRES_URL',
  nats: 'KONFERENCO_NATS_URL',
  redis: 'KONFERENCO_REDIS_URL',
};

/**
 * Three nodes that share a PostgreSQL, a NATS and a Redis. Every link is a proxy of its own: clients to each node, and each
 * node to each service.
 *
 * @throws {Error} when one of the servers is not installed or does not start.
 */
export async function clusterTopology({
  dir,
  seed,
  env = {},
  small_disks = false,
}: TopologyOptions): Promise<Topology> {
  const undo: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const disks = small_disks ? await mountClusterDisks(undo) : 'The disk is never full in this run.';
    const services = await startServices(undo, typeof disks === 'string' ? null : disks);
    const links: TopologyLink[] = [];
    const nodes: ServerNode[] = [];
    for (let number = 1; number <= NODES; number++)
      nodes.push(await startNode({ number, dir, seed: seed + number, env, services, links, undo }));
    return {
      name: 'cluster',
      nodes,
      services: SERVICE_NAMES.map((name) => serviceOf(name, services[name])),
      links,
      hiddenFault: () => streamFault(services.postgres.url, nodes[0]?.url ?? ''),
      ...(typeof disks === 'string'
        ? { missing: [disks], disks: [] }
        : { missing: [], disks: disksOf(disks, services) }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

const SERVICE_NAMES = ['postgres', 'nats', 'redis'] as const;

async function startServices(undo: (() => Promise<void>)[], disks: ClusterDisks | null): Promise<Services> {
  const started = async (starting: Promise<RunningProgram>) => {
    const program = await starting;
    undo.push(() => program.stop());
    return program;
  };
  return {
    postgres: await started(disks ? startPostgresOn(disks) : startPostgres()),
    nats: await started(disks ? startNatsOn(disks) : startNats()),
    redis: await started(startRedis()),
  };
}

interface NodeParts extends Required<Omit<TopologyOptions, 'small_disks'>> {
  readonly number: number;
  readonly services: Services;
  readonly links: TopologyLink[];
  readonly undo: (() => Promise<void>)[];
}

async function startNode({ number, dir, seed, env: more, services, links, undo }: NodeParts): Promise<ServerNode> {
  const name = `node-${number}`;
  const link = async (label: string, target: number) => {
    const proxy = await TcpProxy.start({ target, seed: seed * 31 + links.length });
    undo.push(() => proxy.close());
    links.push({ name: label, proxy });
    return proxy.port;
  };
  const port = await freePort();
  const url = `http://127.0.0.1:${await link(`clients → ${name}`, port)}`;
  const data = mkdtempSync(join(tmpdir(), `konferenco-${name}-`));
  undo.push(async () => rmSync(data, { recursive: true, force: true }));
  const env: Record<string, string> = { ...NODE_ENV, ...more, PORT: String(port), KONFERENCO_DATA: data };
  for (const service of SERVICE_NAMES) {
    const address = new URL(services[service].url);
    address.port = String(await link(`${name} → ${service}`, services[service].port));
    env[ENV[service]] = address.href;
  }
  const node = new ServerNode({
    name,
    url,
    logFile: join(dir, `${name}.log`),
    env: { ...env, KONFERENCO_NODE: name, KONFERENCO_NODE_URL: url },
  });
  undo.push(() => {
    node.resume();
    return node.kill();
  });
  await node.start();
  return node;
}

function serviceOf(name: TopologyService['name'], program: RunningProgram): TopologyService {
  return {
    name,
    url: program.url,
    kill: () => program.kill(),
    restart: () => program.restart(),
    pause: () => program.pause(),
    resume: () => program.resume(),
  };
}
