import type { NodeVitals } from '@konferenco/core';
import type { OperatedSample, OperatorView } from '@konferenco/protocol';
import { Window } from '../cluster/window.ts';
import type { HotHistogram } from '../observability/histogram.ts';
import type { Counts } from '../observability/metrics.ts';
import { Ring } from './ring.ts';

/** How often a sample is taken, and how many are kept: 15 minutes, in ms and samples. */
export const SAMPLE_MS = 5_000;
export const SAMPLES = 180;

/** Time over which drops, refusals and steps are looked at, in ms. */
const LATELY_MS = 300_000;

/** What of a node's report is added up over nodes. */
export type Summed = Pick<NodeVitals, 'connections' | 'publish_per_s' | 'deliver_per_s'>;

export interface Reading {
  /** Unix ms. */
  readonly at: number;
  readonly vitals: NodeVitals;
  /** Of every known node, this one included. */
  readonly nodes: readonly Summed[];
  readonly counts: Counts;
}

interface Lately {
  readonly counts: Counts;
  readonly steps: ReadonlyMap<string, Float64Array>;
}

/** What a node remembers of its own figures, in bounded room. */
export class Figures {
  readonly #steps: ReadonlyMap<string, HotHistogram>;
  readonly #samples = new Ring<OperatedSample>(SAMPLES);
  readonly #lately = new Window<Lately>(LATELY_MS);

  /** @param steps of a message's life, in their order; in seconds */
  constructor(steps: ReadonlyMap<string, HotHistogram>) {
    this.#steps = steps;
  }

  /** Takes a sample; to be called every {@link SAMPLE_MS}. */
  take({ at, vitals, nodes, counts }: Reading): void {
    const { connections, publish_per_s, deliver_per_s, p99_ms, cpu, memory, commit_queue } = vitals;
    this.#samples.push({
      ...{ at, connections, publish_per_s, deliver_per_s, p99_ms, cpu, memory, commit_queue },
      all: nodes.reduce<OperatedSample['all']>(
        (sum, node) => ({
          nodes: sum.nodes + 1,
          connections: sum.connections + node.connections,
          publish_per_s: sum.publish_per_s + node.publish_per_s,
          deliver_per_s: sum.deliver_per_s + node.deliver_per_s,
        }),
        { nodes: 0, connections: 0, publish_per_s: 0, deliver_per_s: 0 },
      ),
    });
    this.#lately.push(at, { counts, steps: new Map([...this.#steps].map(([step, h]) => [step, h.counts()])) });
  }

  /** Samples after a time, oldest first. */
  after(at: number): OperatedSample[] {
    return this.#samples.values().filter((sample) => sample.at > at);
  }

  /** What happened in the last minutes; nothing as long as there are no two samples. */
  lately(): Pick<OperatorView['own'], 'over_ms' | 'steps' | 'drops' | 'refusals'> {
    const ends = this.#lately.ends();
    if (!ends) return { over_ms: 0, steps: [], drops: [], refusals: [] };
    const { from, to, ms } = ends;
    return {
      over_ms: ms,
      steps: this.#stepsBetween(from, to),
      drops: added(from.counts.drops, to.counts.drops),
      refusals: added(from.counts.refusals, to.counts.refusals),
    };
  }

  #stepsBetween(from: Lately, to: Lately): OperatorView['own']['steps'] {
    return [...this.#steps].flatMap(([step, histogram]) => {
      const before = from.steps.get(step);
      const counts = (to.steps.get(step) ?? new Float64Array()).map((count, i) => count - (before?.[i] ?? 0));
      const [p50, p99] = [histogram.quantileOf(counts, 0.5), histogram.quantileOf(counts, 0.99)];
      if (p50 === null || p99 === null) return [];
      return [{ step, count: counts.reduce((a, b) => a + b, 0), p50_ms: p50 * 1000, p99_ms: p99 * 1000 }];
    });
  }
}

/** What was added to each count, the most first. */
function added(
  from: ReadonlyMap<string, number>,
  to: ReadonlyMap<string, number>,
): { reason: string; count: number }[] {
  return [...to]
    .map(([reason, count]) => ({ reason, count: count - (from.get(reason) ?? 0) }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1));
}
