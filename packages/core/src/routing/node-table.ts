import { isNodeReport, type NodeReport, startOf } from './node-report.ts';

/** How often nodes report, and when silence makes one suspected and then gone, in ms. */
export const NODE_TIMES = { report_ms: 1_000, suspected_ms: 3_000, gone_ms: 10_000 } as const;

/** Nodes one table holds; whoever comes beyond is not taken in until others are gone. */
export const MOST_NODES = 1_000;

/** What the table thinks of a node: `suspected` was not heard of for a while and gets no new people. */
export type NodeStanding = 'open' | 'draining' | 'suspected';

export interface KnownNode {
  readonly report: NodeReport;
  readonly standing: NodeStanding;
  /** Unix ms of this node's clock. */
  readonly heard_at: number;
}

/**
 * What happened to a node.
 * - `joined`, `returned` (was suspected), `restarted` (the same name, started anew)
 * - `suspected`, `gone` (not heard of for {@link NODE_TIMES}), `left` (said so)
 * - `draining`, `opened` (a drain was cancelled)
 * - `namesake`: another living node bears this node's own name, a mistake of configuration; said once
 * - `unwanted`: the table is full; said once until it no longer is
 */
export interface NodeEvent {
  readonly kind:
    | 'joined'
    | 'returned'
    | 'restarted'
    | 'suspected'
    | 'gone'
    | 'left'
    | 'draining'
    | 'opened'
    | 'namesake'
    | 'unwanted';
  readonly node: string;
  /** Unix ms. */
  readonly at: number;
}

type Self = Pick<NodeReport, 'name' | 'start' | 'started_at'>;

/**
 * Who is alive, as one node hears it. Works alone: no other node is asked, so in a partition each side keeps the nodes of
 * its own and both find together by themselves.
 */
export class NodeTable {
  readonly #self: Self;
  readonly #nodes = new Map<string, KnownNode>();
  /** Last words, so that a report which comes after its node's farewell does not bring it back. */
  readonly #left = new Map<string, KnownNode>();
  #tickedAt: number | null = null;
  #hasNamesake = false;
  #isFull = false;

  constructor(self: Self) {
    this.#self = self;
  }

  /** Every node that is not gone, by name. */
  nodes(): readonly KnownNode[] {
    return [...this.#nodes.values()].sort((a, b) => (a.report.name < b.report.name ? -1 : 1));
  }

  /** Takes a report heard at `now`; what is no report is ignored. Returns what it changed. */
  hear(report: unknown, now: number): readonly NodeEvent[] {
    if (!isNodeReport(report)) return [];
    const event = (kind: NodeEvent['kind']): readonly NodeEvent[] => [{ kind, node: report.name, at: now }];
    if (report.name === this.#self.name && startOf(report).id !== startOf(this.#self).id) {
      // An older one is what this node was before a restart.
      if (report.started_at < this.#self.started_at || this.#hasNamesake) return [];
      this.#hasNamesake = true;
      return event('namesake');
    }
    const known = this.#nodes.get(report.name);
    if (isOld(report, known) || isOld(report, this.#left.get(report.name))) return [];
    if (report.phase === 'left') {
      this.#left.set(report.name, { report, standing: 'draining', heard_at: now });
      return this.#nodes.delete(report.name) ? event('left') : [];
    }
    if (!known && this.#nodes.size >= MOST_NODES) {
      const before = this.#isFull;
      this.#isFull = true;
      return before ? [] : event('unwanted');
    }
    this.#left.delete(report.name);
    this.#nodes.set(report.name, { report, standing: phaseOf(report), heard_at: now });
    const kind = changeOf(report, known);
    return kind === null ? [] : event(kind);
  }

  /**
   * Lets time pass; to be called every {@link NODE_TIMES.report_ms}. When the call itself comes late, this node was paused,
   * heard nobody for that reason, and holds it against nobody.
   */
  tick(now: number): readonly NodeEvent[] {
    const late = this.#tickedAt === null ? 0 : now - this.#tickedAt - NODE_TIMES.report_ms;
    this.#tickedAt = now;
    // Late by less is a busy moment; a clock that was set back leaves reports in the future.
    const pardon = late > NODE_TIMES.report_ms || late < -NODE_TIMES.report_ms ? late : 0;
    const events: NodeEvent[] = [];
    for (const [name, before] of this.#nodes) {
      const known = { ...before, heard_at: Math.min(now, before.heard_at + pardon) };
      const silence = now - known.heard_at;
      if (silence >= NODE_TIMES.gone_ms) {
        this.#nodes.delete(name);
        events.push({ kind: 'gone', node: name, at: now });
      } else if (silence >= NODE_TIMES.suspected_ms && known.standing !== 'suspected') {
        this.#nodes.set(name, { ...known, standing: 'suspected' });
        events.push({ kind: 'suspected', node: name, at: now });
      } else if (pardon !== 0) this.#nodes.set(name, known);
    }
    this.#isFull &&= this.#nodes.size >= MOST_NODES;
    for (const [name, { heard_at }] of this.#left) if (now - heard_at >= NODE_TIMES.gone_ms) this.#left.delete(name);
    return events;
  }
}

/** Whether a report says nothing new: one of an incarnation before the known one, or a late one of the same. */
function isOld(report: NodeReport, known: KnownNode | undefined): boolean {
  if (!known) return false;
  const { started_at, seq } = known.report;
  return report.started_at < started_at || (report.started_at === started_at && report.seq <= seq);
}

/** A phase that this version does not know is none in which a node takes people. */
function phaseOf({ phase }: NodeReport): 'open' | 'draining' {
  return phase === 'open' ? 'open' : 'draining';
}

function changeOf(report: NodeReport, known: KnownNode | undefined): NodeEvent['kind'] | null {
  if (!known) return 'joined';
  if (report.started_at !== known.report.started_at) return 'restarted';
  if (known.standing === 'suspected') return 'returned';
  const phase = phaseOf(report);
  if (phase === known.standing) return null;
  return phase === 'draining' ? 'draining' : 'opened';
}
