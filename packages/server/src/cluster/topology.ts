import type { DeadLetter, NodeEvent, NodeReport, NodeStanding, StreamReport } from '@konferenco/core';
import type { Backends, PartReport } from '../backends/backends.ts';
import type { ClusterView } from './cluster.ts';

/** The system as one node sees it at this moment. */
export interface Topology {
  /** The node that says so. */
  readonly node: string;
  /** Unix ms. */
  readonly at: number;
  readonly nodes: readonly (Omit<NodeReport, 'seq' | 'start'> & { readonly standing: NodeStanding })[];
  readonly parts: readonly PartReport[];
  /** Consumers' streams and what was given up of them; `null`: there are none, or they cannot be asked now. */
  readonly streams: {
    readonly reports: readonly StreamReport[];
    readonly dead: readonly DeadLetter[];
    /** Milliseconds by which the streams are behind the store; `null`: another node knows. */
    readonly lag_ms: number | null;
  } | null;
  /** What happened to nodes lately, the oldest first. */
  readonly events: readonly NodeEvent[];
}

export interface TopologyDeps {
  readonly cluster: ClusterView;
  readonly backends: Pick<Backends, 'parts' | 'streams'>;
  /** Unix ms. */
  readonly now: () => number;
}

const DEAD_SHOWN = 20;

export async function topologyOf({ cluster, backends, now }: TopologyDeps): Promise<Topology> {
  return {
    node: cluster.self,
    at: now(),
    nodes: cluster
      .nodes()
      .map(({ report: { seq: _, start: _start, ...report }, standing }) => ({ ...report, standing })),
    parts: backends.parts(),
    // Streams that are away are no failure of the view: the part that carries them shows as away.
    streams: await streamsOf(backends.streams).catch(() => null),
    events: cluster.recentEvents(),
  };
}

async function streamsOf(streams: Backends['streams']): Promise<Topology['streams']> {
  if (!streams) return null;
  const [reports, dead] = await Promise.all([streams.report(), streams.deadLetters(DEAD_SHOWN)]);
  return { reports, dead, lag_ms: streams.lag_ms() };
}
