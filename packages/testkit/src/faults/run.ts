import type { LogName } from '@konferenco/protocol';
import { SeededRandom } from '../seeded-random.ts';
import { checkHistory, type Verdict } from './checker.ts';
import { type Company, gather } from './company.ts';
import { finalRead } from './final-read.ts';
import { type Happening, HistoryFile, readHistory } from './history-file.ts';
import { countsAgree, finalState } from './final-state.ts';
import { inject } from './inject.ts';
import type { Person } from './person.ts';
import { Recorder } from './recorder.ts';
import { describeFault, type FaultKind, type Step, schedule } from './schedule.ts';
import type { Topology } from './topology.ts';

export interface FaultRunOptions {
  readonly topology: Topology;
  readonly seed: number;
  readonly writers: number;
  /** How long faults go on, in milliseconds; or how many steps of the schedule. */
  readonly until: { readonly ms: number } | { readonly steps: number };
  /** Longest fault, in milliseconds. */
  readonly longest_ms: number;
  /** Mean pause between two things a writer does, in milliseconds. */
  readonly pace_ms: number;
  /** The clients' timers run this many times as fast. */
  readonly haste: number;
  /** How long recovery from a step may take, and the convergence at the end, in milliseconds. */
  readonly patience_ms: number;
  /** File of the history. */
  readonly history: string;
  readonly say: (line: string) => void;
  /** Ends the faults early; the run is checked all the same. */
  readonly signal?: AbortSignal;
}

export interface FaultReport {
  readonly verdict: Verdict;
  readonly faults: ReadonlyMap<FaultKind, number>;
  /** Milliseconds from the healing of a step until everybody was connected and answered again, worst by kind of fault. */
  readonly worst_ms: ReadonlyMap<FaultKind, number>;
  /** What did not come back, crashed or did not converge, in words; none of it is forgiven. */
  readonly troubles: readonly string[];
}

const LOOK_EVERY_MS = 20;
const NOTICE_MS = 100;

/** Has people talk while a schedule of faults goes on, waits until all is well again, reads everything, and judges. */
export async function runFaults(options: FaultRunOptions): Promise<FaultReport> {
  const { topology, seed, writers, history } = options;
  const file = new HistoryFile(history);
  const recorder = new Recorder(file);
  recorder.record({ kind: 'run', seed, topology: topology.name, writers });
  const urls = topology.nodes.map(({ url }) => url);
  const run = new FaultRun(options, recorder);
  try {
    const company = await gather({ ...options, urls, recorder });
    await run.go(company, urls);
  } finally {
    recorder.flush();
    await file.close();
  }
  const verdict = await checkHistory(readHistory(history));
  return { verdict, faults: run.faults, worst_ms: run.worst_ms, troubles: run.troubles };
}

class FaultRun {
  readonly faults = new Map<FaultKind, number>();
  readonly worst_ms = new Map<FaultKind, number>();
  readonly troubles: string[] = [];
  readonly #options: FaultRunOptions;
  readonly #recorder: Recorder;

  constructor(options: FaultRunOptions, recorder: Recorder) {
    this.#options = options;
    this.#recorder = recorder;
  }

  async go({ people, channels }: Company, urls: readonly string[]): Promise<void> {
    const { topology, patience_ms } = this.#options;
    await Promise.all(people.map((person) => person.arrive()));
    const talks = Promise.all(people.map((person) => person.talk()));
    // A fault of this harness ends the run at once instead of at its end.
    await Promise.race([this.#faults(people), talks]);
    for (const person of people) person.stop();
    await talks;
    if (!(await this.#wait(() => people.every((person) => person.isQuiet), patience_ms))) {
      const restless = people.filter((person) => !person.isQuiet).map((person) => person.describe());
      this.troubles.push(`${restless.length} did not come to rest: ${restless.slice(0, 5).join(', ')}`);
    }
    if (!(await this.#wait(async () => ((await topology.hiddenFault?.()) ?? null) === null, patience_ms)))
      this.troubles.push((await topology.hiddenFault?.()) ?? 'it took too long until all was in order');
    const found = await finalRead({ urls, users: people.map(({ user }) => user), channels });
    const heads = new Map(found.flatMap((one) => (one.kind === 'stored' ? [[one.log, one.head] as const] : [])));
    // What is missing after this is a violation, and the checker names it.
    await this.#wait(() => people.every((person) => hasHeardAll(person, heads)), patience_ms);
    await this.#wait(() => countsAgree(people), patience_ms);
    found.push(...(await finalState({ nodes: topology.nodes, people })));
    await Promise.all(people.map((person) => person.session.end(person.session.isOnline)));
    for (const one of found) this.#recorder.record(one);
    this.troubles.push(...topology.nodes.flatMap(({ crashes }) => crashes));
  }

  async #faults(people: readonly Person[]): Promise<void> {
    const { topology, seed, until, longest_ms, signal } = this.#options;
    const targets = {
      processes: [...topology.nodes, ...topology.services].map(({ name }) => name),
      stoppable: topology.nodes.flatMap(({ name, stop }) => (stop ? [name] : [])),
      links: topology.links.map(({ name }) => name),
      disks: topology.disks.map(({ name }) => name),
    };
    const begin = performance.now();
    const isOver = (done: number) =>
      signal?.aborted || ('ms' in until ? performance.now() - begin >= until.ms : done >= until.steps);
    let done = 0;
    for (const step of schedule({ targets, random: new SeededRandom(seed), longest_ms })) {
      if (isOver(done++)) return;
      await this.#step(step, people);
    }
  }

  async #step(step: Step, people: readonly Person[]): Promise<void> {
    const { topology, say, patience_ms } = this.#options;
    const words = step.faults.map(describeFault).join(' and ');
    say(`${step.number}: ${words}`);
    this.#note('begin', words);
    await Promise.all(
      step.faults.map(async (fault) => {
        this.faults.set(fault.kind, (this.faults.get(fault.kind) ?? 0) + 1);
        const heal = await inject(topology, fault);
        await Bun.sleep(fault.ms);
        await heal();
      }),
    );
    this.#note('heal', words);
    const healed = performance.now();
    // Who was cut off hears of it in a moment.
    await Bun.sleep(NOTICE_MS);
    const isBack = await this.#wait(() => people.every((person) => person.isWell(healed)), patience_ms);
    const took = Math.round(performance.now() - healed);
    this.#note('recovered', words);
    if (isBack) say(`   all back after ${took} ms`);
    else {
      const away = people.filter((person) => !person.isWell(healed)).map((person) => person.describe());
      this.troubles.push(
        `not all were back ${took} ms after step ${step.number} (${words}): ${away.slice(0, 5).join(', ')}`,
      );
      say(`   NOT all back after ${took} ms: ${away.slice(0, 5).join(', ')}`);
    }
    for (const { kind } of step.faults) this.worst_ms.set(kind, Math.max(this.worst_ms.get(kind) ?? 0, took));
    await Bun.sleep(step.rest_ms);
  }

  #note(phase: Extract<Happening, { readonly kind: 'fault' }>['phase'], words: string): void {
    this.#recorder.record({ kind: 'fault', phase, words });
  }

  async #wait(condition: () => boolean | Promise<boolean>, within_ms: number): Promise<boolean> {
    const deadline = performance.now() + within_ms;
    while (!(await condition())) {
      if (performance.now() > deadline) return false;
      await Bun.sleep(LOOK_EVERY_MS);
    }
    return true;
  }
}

function hasHeardAll(person: Person, heads: ReadonlyMap<LogName, number>): boolean {
  return [...heads].every(([log, head]) => person.hasHeard(log, head));
}
