import { startLoad, type Load } from './load.ts';
import { cpuSeconds } from './process.ts';
import { type Running, startServer, type Subject } from './server.ts';

/** One quantity of a scenario. */
export interface Metric {
  readonly key: string;
  readonly label: string;
  readonly unit: string;
  readonly better: 'more' | 'less' | 'neither';
  /** What the project aims for, in words. */
  readonly goal?: string;
}

export interface Parameter {
  readonly full: number;
  /** Its value with `--quick`. */
  readonly quick: number;
  readonly about: string;
}

export type Values = Readonly<Record<string, number>>;

/** What an entrant may ask while it is measured. */
export interface Context {
  /** Aborts when the benchmark is interrupted; every process started for it is started with this. */
  readonly signal: AbortSignal;
  /** A parameter's value for this invocation. @throws {RangeError} when the scenario has none of that name. */
  param(name: string): number;
  /** What another entrant showed earlier in the same run, if it did. */
  earlier(entrant: string): Values | undefined;
}

export interface Entrant {
  readonly name: string;
  measure(context: Context): Promise<Values>;
}

/** Something measured on ours and on others, alternately. The first entrant is ours; the ratios compare the others with it. */
export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly params: Readonly<Record<string, Parameter>>;
  readonly metrics: readonly Metric[];
  readonly entrants: readonly Entrant[];
  /** Left out of `--quick` because a smaller scenario does the same. */
  readonly fullOnly?: boolean;
}

export interface Stage {
  readonly server: Running;
  readonly load: Load;
}

/** An entrant that is a server: each measurement gets a fresh server and a fresh load process. */
export function serverEntrant(subject: Subject, measure: (stage: Stage, context: Context) => Promise<Values>): Entrant {
  return {
    name: subject.name,
    async measure(context) {
      const server = await startServer(subject, context.signal);
      const load = startLoad(context.signal);
      try {
        return await measure({ server, load }, context);
      } finally {
        await load.stop();
        await server.stop();
      }
    },
  };
}

export interface Busy {
  /** Cores kept busy on average: 1 means that a side pinned to one core could not do more. */
  readonly server_busy: number;
  readonly load_busy: number;
  readonly server_cpu_s: number;
}

/** Runs `work` and tells how busy both processes were meanwhile. */
export async function withBusy<T>({ server, load }: Stage, work: () => Promise<T>): Promise<T & Busy> {
  const start = performance.now();
  const serverBefore = cpuSeconds(server.pid);
  const loadBefore = cpuSeconds(load.pid);
  const result = await work();
  const seconds = (performance.now() - start) / 1000;
  const server_cpu_s = cpuSeconds(server.pid) - serverBefore;
  return {
    ...result,
    server_cpu_s,
    server_busy: server_cpu_s / seconds,
    load_busy: (cpuSeconds(load.pid) - loadBefore) / seconds,
  };
}

/** @throws {Error} when something that should have come did not: a figure without it would flatter. */
export function assertNoneMissing(missing: number, what: string): void {
  if (missing !== 0) throw new Error(`${missing} ${what} missing`);
}
