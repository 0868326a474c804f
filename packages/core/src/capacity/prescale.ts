/** Something on the programme that people come to. Times in Unix ms. */
export interface Draw {
  readonly starts_at: number;
  readonly ends_at: number;
  /** People expected on line for it. */
  readonly people: number;
}

export interface PrescaleOptions {
  /** How long before a beginning its nodes are there, milliseconds. */
  readonly lead_ms: number;
  /** Connections a node is planned for. */
  readonly per_node: number;
  /** Nodes that are there in any case: what needs no more is not mentioned. */
  readonly least: number;
  readonly most: number;
}

/** A time with more nodes than usual. */
export interface NodeWindow {
  readonly from: number;
  readonly until: number;
  readonly nodes: number;
}

/**
 * When how many nodes are wanted, in order of time and without overlaps: for each moment the people of everything that is on or
 * begins within the lead.
 */
export function nodeWindows(draws: readonly Draw[], options: PrescaleOptions): NodeWindow[] {
  const spans = draws
    .filter(({ starts_at, ends_at, people }) => ends_at > starts_at && people > 0)
    .map(({ starts_at, ends_at, people }) => ({ from: starts_at - options.lead_ms, until: ends_at, people }));
  const edges = [...new Set(spans.flatMap(({ from, until }) => [from, until]))].sort((a, b) => a - b);
  const windows: NodeWindow[] = [];
  for (const [index, from] of edges.entries()) {
    const until = edges[index + 1];
    if (until === undefined) break;
    const nodes = nodesFor(spans, from, options);
    const last = windows.at(-1);
    if (nodes <= options.least) continue;
    if (last?.until === from && last.nodes === nodes) windows[windows.length - 1] = { ...last, until };
    else windows.push({ from, until, nodes });
  }
  return windows;
}

function nodesFor(
  spans: readonly { readonly from: number; readonly until: number; readonly people: number }[],
  at: number,
  { per_node, most }: PrescaleOptions,
): number {
  const people = spans.reduce((sum, span) => (span.from <= at && at < span.until ? sum + span.people : sum), 0);
  return Math.min(most, Math.ceil(people / per_node));
}
