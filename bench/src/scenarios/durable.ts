import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pinned } from '../harness/process.ts';
import {
  assertNoneMissing,
  type Context,
  type Entrant,
  type Scenario,
  serverEntrant,
  type Stage,
  type Values,
  withBusy,
} from '../harness/scenario.ts';
import { konferenco } from '../harness/server.ts';

const BARE_STATEMENT = resolve(import.meta.dir, '../peers/bare-statement.ts');

/** Publications acknowledged after their `fsync`, through the whole gateway, beside the statement alone. */
export const durable: Scenario = {
  name: 'durable',
  title: 'Durable publishes: fsync before the acknowledgement',
  params: {
    publishers: { full: 64, quick: 16, about: 'connections that publish, each to a channel of its own' },
    window: { full: 8, quick: 8, about: 'unacknowledged publications of each' },
    size: { full: 200, quick: 200, about: 'bytes of text' },
    ms: { full: 5000, quick: 300, about: 'length of the measurement' },
  },
  metrics: [
    { key: 'per_s', label: 'messages/s on disk', unit: '/s', better: 'more', goal: '≥ 0.7 × the bare statement' },
    { key: 'p50', label: 'until acknowledged, p50', unit: 'ms', better: 'less' },
    { key: 'p99', label: 'until acknowledged, p99', unit: 'ms', better: 'less' },
    { key: 'server_busy', label: 'server busy', unit: 'cores', better: 'neither' },
  ],
  entrants: [serverEntrant(konferenco(), ours), { name: 'bare statement', measure: bare }] satisfies Entrant[],
};

async function ours(stage: Stage, context: Context): Promise<Values> {
  const { load, server } = stage;
  const count = context.param('publishers');
  const channels = Array.from({ length: count }, (_, index) => `channel-${index}`);
  const open = { wire: 'konferenco', address: server.address, channel: null } as const;
  await load.ask('open', { ...open, group: 'publishers', plan: { count, concurrency: 16, prefix: 'publisher' } });
  const publish = (ms: number) =>
    load.ask('saturatePublish', {
      publishers: 'publishers',
      plan: { channels, size: context.param('size'), ms, window: context.param('window') },
    });
  await publish(context.param('ms') / 3);
  const published = await withBusy(stage, () => publish(context.param('ms')));
  assertNoneMissing(published.missing, 'acknowledgements');
  return {
    per_s: published.per_s,
    p50: published.latency.p50,
    p99: published.latency.p99,
    server_busy: published.server_busy,
  };
}

/** As many rows in a transaction as ours has publications under way. */
async function bare(context: Context): Promise<Values> {
  const dir = mkdtempSync(join(tmpdir(), 'konferenco-load-'));
  try {
    const rows = context.param('publishers') * context.param('window');
    const args = [dir, rows, context.param('ms'), context.param('size')].map(String);
    const child = Bun.spawn(pinned('server', [process.execPath, BARE_STATEMENT, ...args]), {
      stdout: 'pipe',
      stderr: 'inherit',
      signal: context.signal,
    });
    return { per_s: Number(await new Response(child.stdout).text()) };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
