import type { Address } from '../load/connection.ts';
import type { WireName } from '../load/wire.ts';
import { type Backing, type Part, startBacking } from './backing.ts';
import { type Load, startLoad } from './load.ts';
import { type Core, cpuSeconds, familyCpuSeconds } from './process.ts';
import type { Context, Entrant, Values } from './scenario.ts';
import { konferenco, type Running, socketIo, startServer, type Subject } from './server.ts';

/** Several processes of one server, and what joins them. */
export interface Fleet {
  readonly name: string;
  readonly wire: WireName;
  readonly parts: readonly Part[];
  /** Servers and load take whichever core is free, instead of one each: for what keeps more than a core of servers busy. */
  readonly isFree?: boolean;
  /** One of the processes, as it is started; its environment may name the parts. */
  subject(backing: Backing): Subject;
}

/** Ours as a cluster. */
export function konferencoCluster(parts: readonly Part[], name = 'konferenco'): Fleet {
  return { name, wire: 'konferenco', parts, subject: ({ env }) => konferenco({ name, env: { ...env } }) };
}

/** Ours alone: an embedded store, or one node on PostgreSQL. */
export function konferencoAlone(name: string): Fleet {
  return { name, wire: 'konferenco', parts: [], subject: () => konferenco({ name }) };
}

export const socketIoRedis: Fleet = {
  name: 'Socket.IO, Redis adapter',
  wire: 'socket.io',
  parts: ['redis'],
  subject: (backing) => withEnv(socketIo, { REDIS_URL: backing.part('redis').url }),
};

export const socketIoAlone: Fleet = {
  name: 'Socket.IO, 1 process',
  wire: 'socket.io',
  parts: [],
  subject: () => socketIo,
};

export function withEnv(subject: Subject, env: Readonly<Record<string, string>>): Subject {
  return {
    ...subject,
    launch(dir, port) {
      const { command, env: own } = subject.launch(dir, port);
      return { command, env: { ...own, ...env } };
    },
  };
}

export interface FleetStage {
  readonly backing: Backing;
  readonly nodes: readonly Running[];
  readonly addresses: readonly Address[];
  readonly loads: readonly Load[];
}

export interface Numbers {
  readonly nodes: number;
  readonly loads: number;
}

/** An entrant of several processes: each measurement gets fresh ones, with fresh parts and load processes. */
export function fleetEntrant(
  fleet: Fleet,
  numbers: (context: Context) => Numbers,
  measure: (stage: FleetStage, context: Context) => Promise<Values>,
): Entrant {
  return {
    name: fleet.name,
    async measure(context) {
      const { nodes, loads } = numbers(context);
      const backing = await startBacking(fleet.parts);
      const started: Running[] = [];
      const driving: Load[] = [];
      try {
        const subject = fleet.subject(backing);
        await startNodes(subject, { nodes, started, signal: context.signal, core: fleet.isFree ? null : 'server' });
        for (let load = 0; load < loads; load++) driving.push(startLoad(context.signal, fleet.isFree ? null : 'load'));
        const addresses = started.map(({ address }) => address);
        return await measure({ backing, nodes: started, addresses, loads: driving }, context);
      } finally {
        await Promise.all(driving.map((load) => load.stop()));
        await Promise.all(started.map((node) => node.stop()));
        await backing.stop();
      }
    },
  };
}

/** Starting at once, so that a slow start of many does not add up. */
const STARTS = 4;

interface Starting {
  readonly nodes: number;
  /** Filled as they come, so that whoever called can stop them even when one fails. */
  readonly started: Running[];
  readonly signal: AbortSignal;
  readonly core: Core | null;
}

async function startNodes(subject: Subject, { nodes, started, signal, core }: Starting): Promise<void> {
  for (let left = nodes; left > 0; left -= STARTS) {
    const group = Array.from({ length: Math.min(left, STARTS) }, async () => {
      started.push(await startServer(subject, signal, core));
    });
    const failed = (await Promise.allSettled(group)).find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
  }
}

/** Processor seconds used while `work` ran. */
export interface Spent {
  readonly seconds: number;
  /** All nodes together. */
  readonly nodes_cpu_s: number;
  /** PostgreSQL, NATS and Redis together. */
  readonly parts_cpu_s: number;
  readonly postgres_cpu_s: number;
  readonly loads_cpu_s: number;
}

export async function withSpent<T>(stage: FleetStage, work: () => Promise<T>): Promise<T & Spent> {
  const look = () => ({
    at: performance.now(),
    nodes: stage.nodes.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0),
    parts: [...stage.backing.parts.values()].reduce((sum, { pid }) => sum + familyCpuSeconds(pid), 0),
    postgres: stage.backing.parts.has('postgres') ? familyCpuSeconds(stage.backing.part('postgres').pid) : 0,
    loads: stage.loads.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0),
  });
  const before = look();
  const result = await work();
  const after = look();
  return {
    ...result,
    seconds: (after.at - before.at) / 1000,
    nodes_cpu_s: after.nodes - before.nodes,
    parts_cpu_s: after.parts - before.parts,
    postgres_cpu_s: after.postgres - before.postgres,
    loads_cpu_s: after.loads - before.loads,
  };
}
