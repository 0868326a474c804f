/** One start of a node. A restart under the same name is another one. */
export interface NodeStart {
  readonly name: string;
  /** Unlike that of every other start. */
  readonly id: string;
  /** Unix ms by the node's clock. */
  readonly at: number;
}

/** What a node says of itself. A node that has `left` says so once, as its last word. */
export type NodePhase = 'open' | 'draining' | 'left';

/** How a node is doing, as it sees itself. */
export interface NodeVitals {
  /** Open connections of all transports. */
  readonly connections: number;
  /** Users with a connection. */
  readonly users: number;
  /** Share of the cores it may use, 0 to 1, over the last seconds. */
  readonly cpu: number;
  /** Memory it holds, in bytes. */
  readonly memory_bytes: number;
  /** Share of the memory it may use, 0 to 1. */
  readonly memory: number;
  /** Of the last minute's publishes, the time from their reading to their acknowledgement, in ms; `null`: there were none. */
  readonly p99_ms: number | null;
  /** Envelopes accepted, and copies handed to sockets, a second. */
  readonly publish_per_s: number;
  readonly deliver_per_s: number;
  /** Commands that wait for the store. */
  readonly commit_queue: number;
  /** Copies, frames and connections turned away within the last minute. */
  readonly drops: number;
  /** Failures of its own within the last minute. */
  readonly faults: number;
}

/** A node that is being emptied, or is empty. */
export interface DrainProgress {
  /** Why, in the operator's words. */
  readonly reason: string;
  /** Unix ms; until `ends_by` everybody has left or is closed. */
  readonly began_at: number;
  readonly ends_by: number;
  /** Connections there were at the beginning, were asked to move so far, and are still here. */
  readonly connections: number;
  readonly asked: number;
  readonly left: number;
  /** `done`: nobody is here any more, and nobody is let in. */
  readonly phase: 'moving' | 'done';
}

/** What a node tells the others every second, and at once when its phase changes. */
export interface NodeReport extends NodeVitals {
  readonly name: string;
  /** Where clients reach this very node, `http(s)://host[:port]`; `null`: through the common address only. */
  readonly url: string | null;
  readonly version: string;
  /** Unix ms by the node's clock. Tells a restart under the same name from the node before it. */
  readonly started_at: number;
  /** Unlike that of every other start; without one a start is known by its time. */
  readonly start?: string;
  /** Counts this incarnation's reports from 1, so that one that comes late changes nothing. */
  readonly seq: number;
  readonly phase: NodePhase;
  /** How far its drain is, while it has one. */
  readonly drain?: DrainProgress;
  /** Connections it takes at the most: its weight where connections are shared out. */
  readonly max_connections: number;
}

/** `http(s)://host[:port]` and nothing that ends where it is written into a header. */
const ADDRESS = /^https?:\/\/[A-Za-z0-9.[\]:-]{1,255}$/;

/** Whether what came as a report can be worked with. Further members are of no concern: neighbouring versions differ in them. */
export function isNodeReport(value: unknown): value is NodeReport {
  if (typeof value !== 'object' || value === null) return false;
  const { name, url, started_at, start, seq, connections, max_connections } = value as Partial<NodeReport>;
  const isNumber = (one: unknown) => typeof one === 'number' && Number.isFinite(one) && one >= 0;
  return (
    typeof name === 'string' &&
    name.length > 0 &&
    name.length <= 64 &&
    (url === null || (typeof url === 'string' && ADDRESS.test(url))) &&
    (start === undefined || (typeof start === 'string' && start.length <= 64)) &&
    [started_at, seq, connections, max_connections].every(isNumber)
  );
}

/** Which start a report is of. */
export function startOf({ name, start, started_at }: Pick<NodeReport, 'name' | 'start' | 'started_at'>): NodeStart {
  return { name, id: start ?? String(started_at), at: started_at };
}
