import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SQL } from 'bun';
import { type Fleet, type FleetStage, fleetEntrant, type Numbers, withEnv } from '../harness/fleet.ts';
import { cpuSeconds, residentBytes, settled, takenBytes } from '../harness/process.ts';
import type { Context, Entrant, Scenario, Values } from '../harness/scenario.ts';
import { bareBun, freePort, konferenco, socketIo } from '../harness/server.ts';
import type { Address } from '../load/connection.ts';

/** Under the limit of 20,000 open files, with room for what the kernel spreads unevenly. */
const PER_NODE = 18_900;
const PER_LOAD = 19_500;
/**
 * Load processes that open connections at once; the others wait for their turn. With a few handshakes in each of forty, the
 * machine switches from process to process for every packet, and a connection costs the load twice the processor time. Two keep
 * two cores busy, whoever is served.
 */
const OPENING = 2;

const METRICS: Scenario['metrics'] = [
  { key: 'held', label: 'connections held to the end', unit: '', better: 'more' },
  { key: 'per_s', label: 'connections/s while all came', unit: '/s', better: 'more' },
  {
    key: 'come_cpu',
    label: 'processor time of the servers for one that comes',
    unit: 'µs',
    better: 'less',
  },
  {
    key: 'come_load_cpu',
    label: 'processor time of the load generators for one that comes',
    unit: 'µs',
    better: 'neither',
  },
  {
    key: 'bytes',
    label: 'resident memory of the servers per connection',
    unit: 'B',
    better: 'less',
    goal: '≤ 4,096 B',
  },
  {
    key: 'cpu',
    label: 'processor time of the servers per connection',
    unit: 'µs/s',
    better: 'less',
    goal: '≤ 1.2 µs/s',
  },
  { key: 'busy', label: 'servers busy while all stay', unit: 'cores', better: 'neither' },
  { key: 'load_busy', label: 'load generators busy while all stay', unit: 'cores', better: 'neither' },
  { key: 'nodes', label: 'server processes', unit: '', better: 'neither' },
  { key: 'fullest', label: 'connections in the fullest process', unit: '', better: 'neither' },
  { key: 'base', label: 'resident memory of a server process before', unit: 'MiB', better: 'less' },
  { key: 'load_mib', label: 'resident memory of a load process at the end', unit: 'MiB', better: 'neither' },
  { key: 'machine', label: 'memory of the machine taken meanwhile, everything', unit: 'GiB', better: 'neither' },
];

/** Connections by the hundred thousand, held by as many processes on one port as the limit of open files asks for. */
export function connections(count: number, only: readonly Fleet['name'][], isQuickToo: boolean): Scenario {
  return {
    name: `connections-${count}`,
    title: `${count.toLocaleString('en')} connections on one port, authenticated by ticket and subscribed`,
    fullOnly: !isQuickToo,
    params: {
      connections: { full: count, quick: 600, about: 'connections held' },
      per_node: { full: PER_NODE, quick: 200, about: 'of them in each server process' },
      per_load: {
        full: PER_LOAD,
        quick: 300,
        about: 'of them from each load process',
      },
      under_way: {
        full: 48,
        quick: 48,
        about:
          'handshakes under way at once, for each server process: enough that one which is woken has several to do',
      },
      settle_ms: { full: 15_000, quick: 300, about: 'longest wait for memory to settle' },
      cpu_ms: { full: 60_000, quick: 500, about: 'time over which processor time is measured; two heartbeats at 60 s' },
    },
    metrics: METRICS,
    entrants: ENTRANTS.filter(({ name }) => only.includes(name)),
  };
}

const EMBEDDED = 'konferenco, each process for itself';
const CLUSTER = 'konferenco, cluster';
const PEERS = ['bare Bun', 'Socket.IO, a port each'];
export const MANY = [EMBEDDED, CLUSTER, ...PEERS];
export const MOST = [EMBEDDED, 'bare Bun'];

const ENTRANTS: readonly Entrant[] = [
  { name: EMBEDDED, measure: eachForItself },
  entrant(
    {
      name: CLUSTER,
      wire: 'konferenco',
      parts: ['postgres', 'nats', 'redis'],
      isFree: true,
      subject: ({ env }) => konferenco({ name: CLUSTER, env: { ...env, ...shared() } }),
    },
    async ({ backing }) => {
      const sql = new SQL({ url: backing.part('postgres').url, max: 1 });
      const [row] = (await sql`SELECT ring FROM konferenco.keys`) as { ring: string }[];
      await sql.close();
      return secretIn(row?.ring ?? '');
    },
  ),
  entrant({ name: 'bare Bun', wire: 'raw', parts: [], isFree: true, subject: () => withEnv(bareBun, shared()) }),
  entrant({ name: 'Socket.IO, a port each', wire: 'socket.io', parts: [], isFree: true, subject: () => socketIo }),
];

/** Environment of processes that share a port. */
function shared(): Record<string, string> {
  return { PORT: String(freePort()), KONFERENCO_SHARE_PORT: 'yes' };
}

/** Embedded stores that have nothing in common but the file with the keys, so that a ticket is good at each of them. */
async function eachForItself(context: Context): Promise<Values> {
  const keys = mkdtempSync(join(tmpdir(), 'konferenco-load-keys-'));
  const fleet: Fleet = {
    name: EMBEDDED,
    wire: 'konferenco',
    parts: [],
    isFree: true,
    subject() {
      const subject = konferenco({ env: shared() });
      return {
        ...subject,
        launch(dir, port) {
          symlinkSync(keys, join(dir, 'keys'));
          return subject.launch(dir, port);
        },
      };
    },
  };
  const secret = async () => secretIn(readFileSync(join(keys, 'keys.json'), 'utf8'));
  try {
    return await entrant(fleet, secret).measure(context);
  } finally {
    rmSync(keys, { recursive: true, force: true });
  }
}

function secretIn(ring: string): string {
  const { ticket_secret } = JSON.parse(ring) as { ticket_secret?: string };
  if (ticket_secret === undefined) throw new Error('the servers have no secret for tickets');
  return ticket_secret;
}

function entrant(fleet: Fleet, secretOf?: (stage: FleetStage) => Promise<string>): Entrant {
  const numbers = (context: Context): Numbers => ({
    nodes: Math.ceil(context.param('connections') / context.param('per_node')),
    loads: Math.ceil(context.param('connections') / context.param('per_load')),
  });
  let taken = 0;
  const inner = fleetEntrant(fleet, numbers, async (stage, context) => {
    const { nodes, loads } = stage;
    const concurrency = Math.ceil((nodes.length * context.param('under_way')) / Math.min(OPENING, loads.length));
    const opener = { stage, wire: fleet.wire, secret: await secretOf?.(stage), concurrency };
    return { ...(await measure(opener, context)), machine: (takenBytes() - taken) / 2 ** 30 };
  });
  return {
    name: fleet.name,
    measure(context) {
      taken = takenBytes();
      return inner.measure(context);
    },
  };
}

interface Opener {
  readonly stage: FleetStage;
  readonly wire: Fleet['wire'];
  readonly secret: string | undefined;
  /** Handshakes that a load process has under way at once. */
  readonly concurrency: number;
}

async function measure(opener: Opener, context: Context): Promise<Values> {
  const { nodes, loads } = opener.stage;
  const count = context.param('connections');
  const resident = () => nodes.reduce((sum, { pid }) => sum + residentBytes(pid), 0);
  const cpu = (of: readonly { readonly pid: number }[]) => of.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0);
  // The first connections load code and grow pools that every later one shares.
  await open(opener, 'warm', nodes.length * 20);
  const before = await settled(resident, context.param('settle_ms'));
  const files = nodes.map(({ pid }) => openFiles(pid));
  const start = performance.now();
  const [nodesAtStart, loadsAtStart] = [cpu(nodes), cpu(loads)];
  await open(opener, 'user', count);
  const seconds = (performance.now() - start) / 1000;
  const come = { come_cpu: cpu(nodes) - nodesAtStart, come_load_cpu: cpu(loads) - loadsAtStart };
  const after = await settled(resident, context.param('settle_ms'));
  const [nodesBefore, loadsBefore, since] = [cpu(nodes), cpu(loads), performance.now()];
  await Bun.sleep(context.param('cpu_ms'));
  const stayed = (performance.now() - since) / 1000;
  const spent = cpu(nodes) - nodesBefore;
  const counters = await Promise.all(loads.map((load) => load.ask('counters', { group: 'user' })));
  const dropped = counters.reduce((sum, one) => sum + one.dropped, 0);
  if (dropped > 0) throw new Error(`${dropped} idle connections were dropped`);
  return {
    held: count - dropped,
    per_s: count / seconds,
    come_cpu: (come.come_cpu * 1e6) / count,
    come_load_cpu: (come.come_load_cpu * 1e6) / count,
    bytes: (after - before) / count,
    cpu: (spent * 1e6) / count / stayed,
    busy: spent / stayed,
    load_busy: (cpu(loads) - loadsBefore) / stayed,
    nodes: nodes.length,
    fullest: Math.max(...nodes.map(({ pid }, at) => openFiles(pid) - (files[at] ?? 0))),
    base: before / nodes.length / 2 ** 20,
    load_mib: Math.max(...loads.map(({ pid }) => residentBytes(pid))) / 2 ** 20,
  };
}

function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Everybody comes, from a few load processes at a time. */
async function open(opener: Opener, group: string, count: number): Promise<void> {
  const turns = opener.stage.loads.keys();
  const openInTurn = async () => {
    for (const at of turns) await openFrom(opener, at, { group, count });
  };
  await Promise.all(Array.from({ length: OPENING }, openInTurn));
}

/** The part of one load process, which has loopback addresses of its own. Where servers have a port each, it begins with another. */
async function openFrom(
  { stage, wire, secret, concurrency }: Opener,
  at: number,
  { group, count }: { readonly group: string; readonly count: number },
): Promise<void> {
  const { loads } = stage;
  const load = loads[at];
  if (!load) throw new RangeError(`there is no load process ${at}`);
  const places = distinct(stage.addresses);
  const from = share(count, loads.length, at);
  const all = share(count, loads.length, at + 1) - from;
  const ticket = secret === undefined ? {} : { ticket_secret: secret };
  for (const turn of places.keys()) {
    const place = (at + turn) % places.length;
    const address = places[place] as Address;
    const part = share(all, places.length, place + 1) - share(all, places.length, place);
    const plan = { count: part, concurrency, prefix: group, from, sources: `127.0.${1 + at}` };
    const opened = await load.ask('open', { group, wire, address, channel: 'hall', ...ticket, plan });
    if (opened.failed > 0) throw new Error(`${opened.failed} connections failed: ${opened.reasons.join('; ')}`);
  }
}

/** Where the part of number `at` begins, when `all` is shared evenly. */
function share(all: number, among: number, at: number): number {
  return Math.floor((all * at) / among);
}

function distinct(addresses: readonly Address[]): readonly Address[] {
  return [...new Map(addresses.map((address) => [address.port, address])).values()];
}
