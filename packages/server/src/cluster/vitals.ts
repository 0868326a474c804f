import type { NodeVitals } from '@konferenco/core';
import type { Totals } from '../observability/metrics.ts';
import type { HotHistogram } from '../observability/histogram.ts';
import type { Machine } from './machine.ts';
import { Window } from './window.ts';

/** Time over which rates and the processor's load are averaged, in ms. */
const RATE_MS = 5_000;
const CPU_MS = 15_000;
/** Time over which latency, drops and faults are looked at, in ms. */
const LATELY_MS = 60_000;

export interface VitalsDeps {
  readonly machine: Machine;
  readonly connections: () => number;
  readonly users: () => number;
  readonly commitQueue: () => number;
  readonly totals: () => Promise<Totals>;
  /** Seconds from the reading of a publish to its acknowledgement. */
  readonly messages: Pick<HotHistogram, 'counts' | 'quantileOf'>;
  /** A clock that never goes back, in ms. */
  readonly now: () => number;
}

/** How this node is doing. */
export class Vitals {
  readonly #deps: VitalsDeps;
  readonly #rates = new Window<Totals>(RATE_MS);
  readonly #lately = new Window<Totals>(LATELY_MS);
  readonly #cpu = new Window<number>(CPU_MS);
  readonly #messages = new Window<Float64Array>(LATELY_MS);

  constructor(deps: VitalsDeps) {
    this.#deps = deps;
    this.#cpu.push(deps.now(), deps.machine.cpuMs());
    this.#messages.push(deps.now(), deps.messages.counts());
  }

  /** Takes a sample, to be called about every second, and returns the figures as of now. */
  async sample(): Promise<NodeVitals> {
    const { machine, now, totals } = this.#deps;
    const sums = await totals();
    const at = now();
    this.#rates.push(at, sums);
    this.#lately.push(at, sums);
    this.#cpu.push(at, machine.cpuMs());
    this.#messages.push(at, this.#deps.messages.counts());
    return this.#figures();
  }

  #figures(): NodeVitals {
    const { machine, connections, users, commitQueue } = this.#deps;
    const cpu = this.#cpu.ends();
    const rates = this.#rates.ends();
    const lately = this.#lately.ends();
    const perSecond = (key: keyof Totals) => (rates ? ((rates.to[key] - rates.from[key]) * 1000) / rates.ms : 0);
    const since = (key: keyof Totals) => (lately ? lately.to[key] - lately.from[key] : 0);
    return {
      connections: connections(),
      users: users(),
      cpu: cpu ? Math.min(1, (cpu.to - cpu.from) / cpu.ms / machine.cores) : 0,
      memory_bytes: machine.residentBytes(),
      memory: Math.min(1, machine.usedBytes() / machine.memoryLimit),
      p99_ms: this.#p99(),
      publish_per_s: perSecond('accepted'),
      deliver_per_s: perSecond('deliveries'),
      commit_queue: commitQueue(),
      drops: since('drops'),
      faults: since('faults'),
    };
  }

  #p99(): number | null {
    const messages = this.#messages.ends();
    if (!messages) return null;
    const { from, to } = messages;
    const seconds = this.#deps.messages.quantileOf(
      to.map((count, bucket) => count - (from[bucket] ?? 0)),
      0.99,
    );
    return seconds === null ? null : seconds * 1000;
  }
}
