import {
  type Bus,
  type BusRecord,
  type Clock,
  type DrainProgress,
  type KnownNode,
  Namesakes,
  NODE_TIMES,
  type NodeEvent,
  type NodePhase,
  type NodeReport,
  type NodeStart,
  NodeTable,
  type NodeVitals,
} from '@konferenco/core';
import { DRAIN_MS } from '../gateway/gateway.ts';
import { Drain, type DrainDeps } from './drain.ts';
import { type Place, Places, type PlaceRequest } from './places.ts';

/** Events kept for the operator, the oldest forgotten first. */
const MOST_EVENTS = 256;

/** What an operator sees of the nodes, as heard by this one. */
export interface ClusterView {
  /** Name of this node. */
  readonly self: string;
  /** Every node that is not gone, by name, this one included. */
  nodes(): readonly KnownNode[];
  /** What happened to nodes lately, the oldest first. */
  recentEvents(): readonly NodeEvent[];
}

/** The nodes this one works with; alone, it is a cluster of one. */
export interface Cluster extends ClusterView {
  /** Where somebody's socket should go. Advice: every node takes everybody. */
  place(request: PlaceRequest): Place;
  /**
   * Empties this node within `within_ms`, 25 s by default: the others hear of it first, then the door closes and clients are
   * asked to move, 100 at a time; whoever is left at the end is closed. It stays closed until {@link cancelDrain}.
   *
   * @returns whether everybody has left; false when it was cancelled or begun anew.
   */
  drain(reason: string, within_ms?: number): Promise<boolean>;
  /** Opens this node again. Returns false when it was open. */
  cancelDrain(): boolean;
  /** `null` while the node is open. */
  readonly drainProgress: DrainProgress | null;
  /**
   * Asks any node, this one too, to drain, or with `reason: null` to open again. Whether it does shows in its reports; the bus
   * may have lost the wish.
   */
  ask(node: string, reason: string | null): void;
  /** Origins at which clients reach single nodes, the same one once. */
  origins(): readonly string[];
  /** As last sampled. */
  readonly vitals: NodeVitals;
  /** Drains for good, which nobody can cancel, tells the others farewell, and stops. */
  leave(reason: string, within_ms?: number): Promise<void>;
}

export interface ClusterDeps {
  /** Of this node. No two nodes of a cluster bear the same name. */
  readonly start: NodeStart;
  /** Where clients reach this very node, `http(s)://host[:port]`; `null`: through the common address only. */
  readonly url: string | null;
  readonly version: string;
  /** Connections this node takes at the most. */
  readonly maxConnections: number;
  readonly bus: Pick<Bus, 'publish' | 'subscribe'>;
  readonly clock: Clock;
  /** How this node is doing; called every second. */
  readonly report: () => Promise<NodeVitals>;
  readonly door: DrainDeps['door'];
  readonly gateway: DrainDeps['gateway'];
  /** Told of what happens to nodes, for the log. */
  readonly onEvent?: (event: NodeEvent) => void;
  /** Told that this node has to end, at once and without a farewell: another one bears its name. */
  readonly onNamesake: () => void;
  readonly onFault: (error: unknown) => void;
}

const NOTHING_YET: NodeVitals = {
  connections: 0,
  users: 0,
  cpu: 0,
  memory_bytes: 0,
  memory: 0,
  p99_ms: null,
  publish_per_s: 0,
  deliver_per_s: 0,
  commit_queue: 0,
  drops: 0,
  faults: 0,
};

/** Joins the nodes that share a bus, and tells them every second how this one is doing. */
export function createCluster(deps: ClusterDeps): Cluster {
  return new BusCluster(deps);
}

class BusCluster implements Cluster {
  readonly self: string;
  readonly #deps: ClusterDeps;
  readonly #table: NodeTable;
  readonly #namesakes: Namesakes;
  readonly #places: Places;
  readonly #events: NodeEvent[] = [];
  readonly #drain: Drain;
  readonly #leaveBus: () => void;
  #cancelTick = () => {};
  #vitals = NOTHING_YET;
  #seq = 0;
  #isLeaving = false;

  constructor(deps: ClusterDeps) {
    const { name, id, at } = deps.start;
    this.self = name;
    this.#deps = deps;
    this.#table = new NodeTable({ name, start: id, started_at: at });
    this.#namesakes = new Namesakes(deps.start);
    this.#places = new Places(() => this.#table.nodes());
    this.#drain = new Drain({ ...deps, changed: () => this.#tell(this.#phase) });
    this.#leaveBus = deps.bus.subscribe((record) => this.#receive(record));
    this.#tick();
  }

  get vitals(): NodeVitals {
    return this.#vitals;
  }

  get drainProgress(): DrainProgress | null {
    return this.#drain.progress;
  }

  nodes(): readonly KnownNode[] {
    return this.#table.nodes();
  }

  recentEvents(): readonly NodeEvent[] {
    return [...this.#events];
  }

  place(request: PlaceRequest): Place {
    return this.#places.place(request);
  }

  async drain(reason: string, within_ms = DRAIN_MS): Promise<boolean> {
    return !this.#isLeaving && this.#drain.begin(reason, within_ms);
  }

  cancelDrain(): boolean {
    return !this.#isLeaving && this.#drain.cancel();
  }

  ask(node: string, reason: string | null): void {
    this.#deps.bus.publish({ kind: 'drain', node, reason });
  }

  origins(): readonly string[] {
    return this.#places.origins;
  }

  async leave(reason: string, within_ms = DRAIN_MS): Promise<void> {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    await this.#drain.begin(reason, within_ms);
    this.#cancelTick();
    this.#tell('left');
    this.#leaveBus();
  }

  get #phase(): NodePhase {
    return this.#deps.door.draining ? 'draining' : 'open';
  }

  #receive(record: BusRecord): void {
    if (record.kind === 'node') this.#hear(record.report);
    else if (record.kind === 'drain' && record.node === this.self) this.#obey(record.reason);
  }

  /** A wish that comes twice is one. */
  #obey(reason: string | null): void {
    if (reason === null) this.cancelDrain();
    else if (this.drainProgress === null) this.drain(reason).catch(this.#deps.onFault);
  }

  #tick(): void {
    const { clock, onFault } = this.#deps;
    this.#cancelTick = clock.after(NODE_TIMES.report_ms, () => this.#tick());
    this.#note(this.#table.tick(clock.now()));
    this.#tell(this.#phase);
    this.#deps.report().then((vitals) => {
      this.#vitals = vitals;
    }, onFault);
  }

  /** What this node says is also heard here when the bus is away. */
  #tell(phase: NodePhase): void {
    const { start, url, version, maxConnections, bus, gateway } = this.#deps;
    const drain = this.drainProgress;
    const report: NodeReport = {
      ...this.#vitals,
      ...{ name: start.name, url, version, phase, started_at: start.at, start: start.id, seq: ++this.#seq },
      connections: gateway.connections,
      max_connections: maxConnections,
      ...(drain ? { drain } : {}),
    };
    this.#hear(report);
    bus.publish({ kind: 'node', report });
  }

  #hear(report: NodeReport): void {
    const now = this.#deps.clock.now();
    this.#note(this.#table.hear(report, now));
    this.#places.changed();
    if (this.#namesakes.hear(report, this.#seq, now)) this.#deps.onNamesake();
  }

  #note(events: readonly NodeEvent[]): void {
    for (const event of events) {
      this.#events.push(event);
      if (this.#events.length > MOST_EVENTS) this.#events.shift();
      this.#deps.onEvent?.(event);
    }
    if (events.length > 0) this.#places.changed();
  }
}
