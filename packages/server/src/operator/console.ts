import { ANALYTICS_BUCKET_MS, type Clock, type NodeEvent, type StoreHealth } from '@konferenco/core';
import type { OperatedMessages, OperatedPart, OperatedStreams, OperatorView } from '@konferenco/protocol';
import { Refused } from '../accounts/refused.ts';
import type { Backends } from '../backends/backends.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Log } from '../observability/log.ts';
import type { Metrics } from '../observability/metrics.ts';
import { Chronicle } from './chronicle.ts';
import { Figures, SAMPLE_MS } from './figures.ts';
import { Watch } from './watch.ts';

/** How often parts and counters are looked at, in ms. */
const LOOK_MS = 1_000;
const LOOKS_A_SAMPLE = SAMPLE_MS / LOOK_MS;
/** Streams are asked about at most this often, however many consoles are open, in ms. */
const STREAMS_MS = 2_000;
const DEAD_SHOWN = 20;
/** Rows of the time series that are read at once. */
const MOST_COUNTS = 20_000;
const HOUR_MS = 3_600_000;

export interface ConsoleDeps {
  readonly cluster: Pick<Cluster, 'self' | 'nodes' | 'recentEvents' | 'ask' | 'vitals'>;
  readonly parts: () => readonly OperatedPart[];
  readonly streams: Backends['streams'];
  readonly analytics: Pick<NonNullable<Backends['analytics']>, 'query'> | null;
  readonly health: () => StoreHealth;
  readonly metrics: Pick<Metrics, 'steps' | 'counts'>;
  readonly clock: Clock;
  readonly log: Pick<Log, 'warn'>;
  readonly onFault: (error: unknown) => void;
}

export interface ViewQuery {
  /** Unix ms of the last sample that is known. */
  readonly after?: number | undefined;
  /** Of the events that are known. */
  readonly revision?: number | undefined;
}

/** What an operator sees through this node, and what it remembers for them. Whoever calls it has been found to be one. */
export class OperatorConsole {
  readonly #deps: ConsoleDeps;
  readonly #chronicle: Chronicle;
  readonly #figures: Figures;
  readonly #watch: Watch;
  #streams: { readonly at: number; readonly answer: Promise<OperatedStreams> } | null = null;
  /** The newest event of nodes that was written down. */
  #lastHeard: NodeEvent | undefined;
  #cancelTick = () => {};
  #looks = 0;

  constructor(deps: ConsoleDeps) {
    this.#deps = deps;
    this.#chronicle = new Chronicle(() => deps.clock.now());
    this.#figures = new Figures(deps.metrics.steps);
    this.#watch = new Watch(this.#chronicle, deps.cluster.self);
    this.#tick();
  }

  async view({ after = 0, revision }: ViewQuery): Promise<OperatorView> {
    const { cluster, parts, health, clock } = this.#deps;
    const { waiting, wal_bytes, index_lag } = health();
    const isOwnStore = parts().some(({ name }) => name === 'sqlite');
    return {
      node: cluster.self,
      at: clock.now(),
      nodes: cluster
        .nodes()
        .map(({ report: { seq: _, start: _start, phase: _phase, ...report }, standing, heard_at }) => ({
          ...report,
          standing,
          heard_at,
        })),
      parts: [...parts()],
      streams: await this.#streamsNow(),
      own: {
        ...this.#figures.lately(),
        commit_queue: waiting,
        // Another store has these by itself, and nobody counts them here.
        ...(isOwnStore ? { wal_bytes, index_lag } : { wal_bytes: null, index_lag: null }),
      },
      samples: this.#figures.after(after),
      revision: this.#chronicle.revision,
      events: revision === this.#chronicle.revision ? null : this.#chronicle.newestFirst(),
    };
  }

  /** How many messages there were, over all events. @throws {StoreUnavailableError} */
  async messages(hours: number): Promise<OperatedMessages> {
    const { analytics, clock } = this.#deps;
    if (!analytics) return { bucket_ms: ANALYTICS_BUCKET_MS, counts: null };
    const to = clock.now() + 1;
    const rows = await analytics.query({ from: to - hours * HOUR_MS, to, limit: MOST_COUNTS });
    const sums = new Map<string, { from: number; type: string; messages: number }>();
    for (const { from, type, messages } of rows) {
      const key = `${from} ${type}`;
      sums.set(key, { from, type, messages: messages + (sums.get(key)?.messages ?? 0) });
    }
    return { bucket_ms: ANALYTICS_BUCKET_MS, counts: [...sums.values()] };
  }

  /** Asks a node to drain. @throws {Refused} `not_found` when there is no such node */
  drain(node: string, by: string): void {
    this.#ask({ node, by, what: 'drain_asked', reason: 'operator' });
  }

  /** Asks a node to take people again. @throws {Refused} `not_found` when there is no such node */
  open(node: string, by: string): void {
    this.#ask({ node, by, what: 'open_asked', reason: null });
  }

  close(): void {
    this.#cancelTick();
  }

  #ask(wish: {
    readonly node: string;
    readonly by: string;
    readonly what: 'drain_asked' | 'open_asked';
    readonly reason: string | null;
  }): void {
    const { cluster, log } = this.#deps;
    const { node, by, what, reason } = wish;
    if (!cluster.nodes().some(({ report }) => report.name === node)) throw new Refused('not_found');
    log.warn({ node, operator: by }, reason === null ? 'an operator opens a node' : 'an operator drains a node');
    this.#chronicle.note({ what, subject: node, by });
    cluster.ask(node, reason);
  }

  #tick(): void {
    const { clock, onFault } = this.#deps;
    this.#cancelTick = clock.after(LOOK_MS, () => this.#tick());
    this.#look().catch(onFault);
  }

  async #look(): Promise<void> {
    const { parts, health, metrics, streams, cluster, clock } = this.#deps;
    this.#noteNodes();
    const counts = await metrics.counts();
    this.#watch.look({
      parts: parts(),
      damage: health().damage,
      holes: counts.holes,
      slow: counts.drops.get('slow_consumer') ?? 0,
      leads: streams ? streams.lag_ms() !== null : null,
    });
    // Not at the first look: a node that has just started knows nothing of itself yet.
    if (this.#looks++ % LOOKS_A_SAMPLE !== 1) return;
    this.#figures.take({
      at: clock.now(),
      vitals: cluster.vitals,
      nodes: cluster.nodes().map(({ report }) => report),
      counts,
    });
  }

  #noteNodes(): void {
    const events = this.#deps.cluster.recentEvents();
    const fresh = events.slice(this.#lastHeard ? events.lastIndexOf(this.#lastHeard) + 1 : 0);
    for (const { kind, node, at } of fresh) this.#chronicle.note({ what: `node_${kind}`, subject: node }, at);
    this.#lastHeard = events.at(-1);
  }

  #streamsNow(): Promise<OperatedStreams> {
    const at = this.#deps.clock.now();
    if (!this.#streams || Math.abs(at - this.#streams.at) >= STREAMS_MS) {
      // Streams that are away are no failure of the view: the part that carries them shows as away.
      const answer = streamsOf(this.#deps.streams).catch((): OperatedStreams => ({ state: 'away' }));
      this.#streams = { at, answer };
    }
    return this.#streams.answer;
  }
}

async function streamsOf(streams: Backends['streams']): Promise<OperatedStreams> {
  if (!streams) return { state: 'none' };
  const [reports, dead] = await Promise.all([streams.report(), streams.deadLetters(DEAD_SHOWN)]);
  return {
    state: 'working',
    relay_lag_ms: streams.lag_ms(),
    streams: reports.map(({ consumers, ...stream }) => ({
      ...stream,
      consumers: consumers.map(({ name, pending, ackPending, redelivered }) => ({
        ...{ name, pending, redelivered },
        unacknowledged: ackPending,
      })),
    })),
    dead: [...dead],
  };
}
