import {
  type RunningProgram,
  startNats,
  startPostgres,
  startRedis,
} from '../../../packages/testkit/src/servers/index.ts';

export type Part = 'postgres' | 'nats' | 'redis';

/** What the nodes of a cluster stand on, started for one measurement. */
export interface Backing {
  /** Environment by which our server finds it. */
  readonly env: Readonly<Record<string, string>>;
  /** @throws {RangeError} when it was not asked for */
  part(name: Part): RunningProgram;
  readonly parts: ReadonlyMap<Part, RunningProgram>;
  stop(): Promise<void>;
}

const START: Readonly<Record<Part, () => Promise<RunningProgram>>> = {
  // Durable as by default: `fsync` and `synchronous_commit` on. More connections are allowed, for more nodes.
  postgres: () => startPostgres({ detached: true, settings: { max_connections: '400' } }),
  nats: () => startNats({ detached: true }),
  redis: () => startRedis({ detached: true }),
};

const ENV: Readonly<Record<Part, string>> = {
  postgres: 'KONFERENCO_POSTGRES_URL',
  nats: 'KONFERENCO_NATS_URL',
  redis: 'KONFERENCO_REDIS_URL',
};

/** Starts the parts, each with an empty folder, on whichever core is free. @throws {Error} when one does not serve */
export async function startBacking(names: readonly Part[]): Promise<Backing> {
  const parts = new Map<Part, RunningProgram>();
  const stop = async () => {
    await Promise.all([...parts.values()].map((part) => part.stop()));
  };
  try {
    for (const name of names) parts.set(name, await START[name]());
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    env: Object.fromEntries([...parts].map(([name, { url }]) => [ENV[name], url])),
    parts,
    part(name) {
      const part = parts.get(name);
      if (!part) throw new RangeError(`${name} was not started`);
      return part;
    },
    stop,
  };
}
