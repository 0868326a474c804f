import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { LibraryName } from '../crdt/libraries/catalogue.ts';
import type { TraceName } from '../crdt/traces/catalogue.ts';
import { pinned } from '../harness/process.ts';
import type { Context, Entrant, Scenario, Values } from '../harness/scenario.ts';

const MAIN = resolve(import.meta.dir, '../crdt/main.ts');

/**
 * Our replicated types beside the libraries that people would otherwise use, each doing the same trace in a process of its
 * own. A replica that does not show in the end what the trace expects fails the measurement, so figures stand only where
 * all hold the same.
 */
export function crdt(trace: TraceName, title: string): Scenario {
  return {
    name: `crdt-${trace}`,
    title: `Replicated types: ${title}`,
    params: {
      permille: { full: 1_000, quick: 20, about: 'thousandths of the trace' },
      seed: { full: 42, quick: 42, about: 'of the trace' },
    },
    metrics: [
      { key: 'local_per_s', label: 'local operations, per second of processor time', unit: '/s', better: 'more' },
      { key: 'remote_per_s', label: 'remote operations one by one, the same', unit: '/s', better: 'more' },
      { key: 'batch_per_s', label: 'all remote operations in one batch, the same', unit: '/s', better: 'more' },
      { key: 'wire_bytes', label: 'sent per operation', unit: 'B', better: 'less' },
      { key: 'wire_gzip', label: 'the same as one gzip stream', unit: 'B', better: 'less' },
      { key: 'batch_bytes', label: 'in a batch, per operation', unit: 'B', better: 'less' },
      { key: 'batch_gzip', label: 'the same, gzip', unit: 'B', better: 'less' },
      { key: 'rest_bytes', label: 'full state', unit: 'B', better: 'less' },
      { key: 'rest_gzip', label: 'the same, gzip', unit: 'B', better: 'less' },
      { key: 'load_ms', label: 'loading it and reading the content', unit: 'ms', better: 'less' },
      { key: 'memory', label: 'resident memory after that', unit: 'B', better: 'less' },
    ],
    entrants: [
      entrant(trace, 'konferenco', 'konferenco'),
      entrant(trace, 'Yjs', 'yjs'),
      entrant(trace, 'Automerge', 'automerge'),
      entrant(trace, 'Loro', 'loro'),
    ],
  };
}

function entrant(trace: TraceName, name: string, library: LibraryName): Entrant {
  return {
    name,
    async measure(context) {
      const folder = mkdtempSync(join(tmpdir(), 'konferenco-crdt-'));
      try {
        const args = [library, trace, context.param('seed'), context.param('permille') / 1_000, join(folder, 'states')];
        const figures = await run(context, ['measure', ...args.map(String)]);
        return { ...figures, ...(await run(context, ['memory', ...args.map(String)])) };
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

async function run({ signal }: Context, args: readonly string[]): Promise<Values> {
  const command = pinned('load', [process.execPath, MAIN, ...args]);
  const child = Bun.spawn(command, { stdout: 'pipe', stderr: 'pipe', signal });
  const [answer, errors] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  if ((await child.exited) !== 0)
    throw new Error(`${args.join(' ')} ended with ${child.exitCode}: ${errors.slice(0, 500)}`);
  return JSON.parse(answer) as Values;
}
