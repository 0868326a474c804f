import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { HotHistogram, registerHistograms } from './histogram.ts';

/** Steps of a message's life that are timed, in their order; ARCHITECTURE.md's table names the same. */
export const STEPS = ['decode', 'authorise', 'accept', 'commit', 'publish', 'fan_out'] as const;
export type Step = (typeof STEPS)[number];

/** Finer where the autoscaler's threshold of 200 ms lies. */
const MESSAGE_SECONDS = [
  0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 10,
];
const SECONDS = [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** Figures read when somebody asks for them, not counted along the way. */
export interface Readings {
  readonly connections: () => number;
  /** Those of {@link connections} that come over requests. */
  readonly streams: () => { readonly sse: number; readonly poll: number };
  readonly users: () => number;
  readonly logs: () => number;
  readonly commitQueue: () => number;
  readonly walBytes: () => number;
  readonly indexLag: () => number;
  readonly damage: () => number;
}

/** Sums over all labels since the start. */
export interface Totals {
  readonly accepted: number;
  readonly deliveries: number;
  readonly drops: number;
  readonly faults: number;
}

/** Some counts since the start, by their label. */
export interface Counts {
  readonly drops: ReadonlyMap<string, number>;
  readonly refusals: ReadonlyMap<string, number>;
  readonly holes: number;
}

/** Everything an operator can watch. One registry a node, so that two nodes can live in one process. */
export class Metrics {
  readonly registry = new Registry();
  readonly #accepted = this.#counter(
    'konferenco_messages_accepted_total',
    'Envelopes accepted, by type and guarantee.',
    ['type', 'guarantee'],
  );
  readonly deliveries = this.#counter('konferenco_deliveries_total', 'Envelope copies handed to sockets.', []);
  readonly refusals = this.#counter('konferenco_refusals_total', 'Requests refused, by error name.', ['error']);
  /** By reason: slow_consumer, digest (the log still has those), flood, admission, transient_replaced. */
  readonly drops = this.#counter('konferenco_drops_total', 'Copies, frames or connections turned away, by reason.', [
    'reason',
  ]);
  readonly operations = this.#counter(
    'konferenco_operations_total',
    'Operations on replicated state, by type and subtype, and what became of them: kept, repeat, or the error name.',
    ['kind', 'outcome'],
  );
  readonly syncs = this.#counter(
    'konferenco_syncs_total',
    'Syncs answered, by what asked for them and by form: delta or snapshot.',
    ['trigger', 'form'],
  );
  readonly opened = this.#counter('konferenco_connections_opened_total', 'Connections that said hello.', []);
  readonly closed = this.#counter('konferenco_connections_closed_total', 'Connections closed, by code.', ['code']);
  readonly holes = this.#counter(
    'konferenco_live_holes_total',
    'Holes in live copies that were filled from the log.',
    [],
  );
  readonly presence = this.#counter(
    'konferenco_presence_total',
    'Presence at work: frame (sent to a watcher), directory_failure (calls that were not answered).',
    ['what'],
  );
  readonly positions = this.#counter(
    'konferenco_positions_total',
    'Positions kept for who wants it, left out (no consent any more, too old, known), or given up because too many waited.',
    ['what'],
  );
  readonly offline = this.#counter(
    'konferenco_offline_total',
    'Inbox entries for users without a connection here; they wait in the log.',
    [],
  );
  readonly faults = this.#counter('konferenco_faults_total', "Failures that were the server's own.", []);
  /** From the reading of a publish frame to its acknowledgement: the envelope is then stored and on the bus. */
  readonly messages = new HotHistogram(MESSAGE_SECONDS);
  readonly #http: Histogram<'route' | 'method' | 'status'>;
  readonly #acceptedChildren = new Map<string, { inc(): void }>();
  readonly #steps: ReadonlyMap<Step, HotHistogram> = new Map(STEPS.map((step) => [step, new HotHistogram(SECONDS)]));
  /** Each look wakes a node that has nothing to do. */
  readonly #loop = monitorEventLoopDelay({ resolution: 250 });

  constructor(readings: Readings) {
    registerHistograms(
      this.registry,
      { name: 'konferenco_step_seconds', help: "Time of each step of a message's life.", label: 'step' },
      this.#steps,
    );
    registerHistograms(
      this.registry,
      {
        name: 'konferenco_message_seconds',
        help: 'Time from the reading of a publish to what the label names.',
        label: 'until',
      },
      new Map([['acknowledged', this.messages]]),
    );
    this.#http = new Histogram({
      name: 'konferenco_http_seconds',
      help: 'Time to answer a REST request.',
      labelNames: ['route', 'method', 'status'],
      buckets: SECONDS,
      registers: [this.registry],
    });
    this.#gauge('konferenco_connections', 'Open connections.', readings.connections);
    this.#transports(readings);
    this.#gauge('konferenco_users', 'Users with a connection.', readings.users);
    this.#gauge('konferenco_active_logs', 'Logs with live subscribers.', readings.logs);
    this.#gauge('konferenco_commit_queue', 'Commands waiting for their fsync.', readings.commitQueue);
    this.#gauge('konferenco_wal_bytes', 'Size of the write-ahead log.', readings.walBytes);
    this.#gauge('konferenco_index_lag', 'Entries not yet indexed for search.', readings.indexLag);
    this.#gauge('konferenco_store_damage', 'Damaged places found in the store since the start.', readings.damage);
    this.#gauge('konferenco_resident_bytes', 'Resident memory.', () => process.memoryUsage.rss());
    this.#gauge(
      'konferenco_event_loop_lag_seconds',
      'Event-loop delay, 99th percentile since the last reading.',
      () => {
        const lag = this.#loop.percentile(99) / 1e9;
        this.#loop.reset();
        return Number.isFinite(lag) ? lag : 0;
      },
    );
    this.#loop.enable();
  }

  /** Records that `step` took from `start` (of `performance.now()`) until now. */
  step(step: Step, start: number): void {
    this.#steps.get(step)?.observe((performance.now() - start) / 1000);
  }

  /** Records that a publish read at `start` (of `performance.now()`) was acknowledged now. */
  acknowledged(start: number): void {
    this.messages.observe((performance.now() - start) / 1000);
  }

  async totals(): Promise<Totals> {
    const sum = async (counter: Counter<string>) =>
      (await counter.get()).values.reduce((all, { value }) => all + value, 0);
    const [accepted, deliveries, drops, faults] = await Promise.all(
      [this.#accepted, this.deliveries, this.drops, this.faults].map((counter) => sum(counter as Counter<string>)),
    );
    return { accepted: accepted ?? 0, deliveries: deliveries ?? 0, drops: drops ?? 0, faults: faults ?? 0 };
  }

  /** What was turned away, by reason and error name, and holes that were filled. */
  async counts(): Promise<Counts> {
    const [drops, refusals, holes] = await Promise.all([this.drops.get(), this.refusals.get(), this.holes.get()]);
    return {
      drops: new Map(drops.values.map(({ labels, value }) => [String(labels.reason), value])),
      refusals: new Map(refusals.values.map(({ labels, value }) => [String(labels.error), value])),
      holes: holes.values[0]?.value ?? 0,
    };
  }

  /** Seconds that each step of a message's life took, in their order. */
  get steps(): ReadonlyMap<Step, HotHistogram> {
    return this.#steps;
  }

  /** Records an answered REST request. */
  answered({ route, method, status, ms }: { route: string; method: string; status: number; ms: number }): void {
    this.#http.labels(route, method, String(status)).observe(ms / 1000);
  }

  /** Counts an accepted envelope. */
  countAccepted(type: string, guarantee: string): void {
    const key = `${type}/${guarantee}`;
    let child = this.#acceptedChildren.get(key);
    if (!child) {
      child = this.#accepted.labels(type, guarantee);
      this.#acceptedChildren.set(key, child);
    }
    child.inc();
  }

  close(): void {
    this.#loop.disable();
  }

  #counter<L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> {
    return new Counter({ name, help, labelNames: [...labelNames], registers: [this.registry] });
  }

  #transports({ connections, streams }: Readings): void {
    new Gauge({
      name: 'konferenco_transport_connections',
      help: 'Open connections by transport: websocket, sse, poll.',
      labelNames: ['transport'],
      registers: [this.registry],
      collect() {
        const { sse, poll } = streams();
        this.set({ transport: 'websocket' }, connections() - sse - poll);
        this.set({ transport: 'sse' }, sse);
        this.set({ transport: 'poll' }, poll);
      },
    });
  }

  #gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.set(read());
      },
    });
  }
}
