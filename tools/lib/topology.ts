/** The part of a node's `/topology` that is drawn. */
export interface Topology {
  readonly nodes: readonly {
    readonly name: string;
    readonly standing: string;
    readonly connections: number;
    readonly users: number;
    readonly cpu: number;
    readonly memory_bytes: number;
    readonly p99_ms: number | null;
    readonly publish_per_s: number;
    readonly deliver_per_s: number;
  }[];
  readonly parts: readonly { readonly name: string; readonly state: string; readonly detail: string }[];
  readonly events: readonly { readonly at: number; readonly kind: string; readonly node: string }[];
}

const PAUSE_MS = 1_000;
const EVENTS = 8;

/** Draws what the first of the nodes that answers says, every second, for as long as the program runs. */
export async function followNodes(urls: readonly string[]): Promise<never> {
  let last = '';
  for (;;) {
    const topology = await firstAnswer(urls);
    const text = topology ? draw(topology) : 'no node answers';
    // A terminal is drawn over; a file gets what changed about nodes and parts, not every figure.
    if (process.stdout.isTTY) process.stdout.write(`\x1b[2J\x1b[H${text}\n`);
    else if (topology && standingsOf(topology) !== last) console.log(text);
    last = topology ? standingsOf(topology) : '';
    await Bun.sleep(PAUSE_MS);
  }
}

async function firstAnswer(urls: readonly string[]): Promise<Topology | null> {
  for (const url of urls) {
    const answer = await fetch(`${url}/topology`, { signal: AbortSignal.timeout(PAUSE_MS) }).catch(() => null);
    if (answer?.ok) return (await answer.json()) as Topology;
  }
  return null;
}

function standingsOf({ nodes, parts }: Topology): string {
  return JSON.stringify([
    nodes.map(({ name, standing }) => [name, standing]),
    parts.map(({ name, state }) => [name, state]),
  ]);
}

/** Columns of nodes, a line for each part, and the latest events. */
export function draw({ nodes, parts, events }: Topology): string {
  const header = ['node', 'state', 'connections', 'users', 'cpu', 'memory', 'p99', 'publish/s', 'deliver/s'];
  const rows = nodes.map((node) => [
    node.name,
    node.standing,
    String(node.connections),
    String(node.users),
    `${Math.round(node.cpu * 100)} %`,
    `${Math.round(node.memory_bytes / 1_048_576)} MiB`,
    node.p99_ms === null ? '–' : `${Math.round(node.p99_ms)} ms`,
    String(Math.round(node.publish_per_s)),
    String(Math.round(node.deliver_per_s)),
  ]);
  const happened = events
    .slice(-EVENTS)
    .map(({ at, kind, node }) => `${new Date(at).toISOString().slice(11, 19)} ${node} ${kind}`);
  const partLines = parts.map(({ name, state, detail }) =>
    `${name.padEnd(12)} ${state.padEnd(12)} ${detail}`.trimEnd(),
  );
  return [...columns([header, ...rows]), '', ...partLines, '', ...happened].join('\n').trimEnd();
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
