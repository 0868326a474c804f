import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Store, StoredEntry } from '../../packages/core/src/ports/store.ts';
import { openEmbeddedStore } from '../../packages/server/src/adapters/embedded/store.ts';

const WRITER = Bun.fileURLToPath(new URL('./writer-process.ts', import.meta.url));

export function temporaryDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'konferenco-store-'));
}

/** A commit a writer process was told of. */
export interface Acknowledged {
  readonly log: string;
  readonly offset: number;
  readonly id: string;
}

/** Starts `writer-process.ts`; `before` goes in front of the command line. */
export function startWriter(
  dir: string,
  options: { writers: number; stopAfter?: number; before?: readonly string[]; quiet?: boolean },
) {
  const command = [
    ...(options.before ?? []),
    process.execPath,
    WRITER,
    dir,
    String(options.writers),
    String(options.stopAfter ?? 0),
  ];
  return Bun.spawn(command, { stdout: 'pipe', stderr: options.quiet ? 'ignore' : 'inherit' });
}

/** What a writer printed: its epoch, and every line that was written completely. */
export function parseOutput(output: string): { epoch: string | undefined; acknowledged: Acknowledged[] } {
  const lines = output.split('\n').slice(0, -1);
  const epoch = lines.find((line) => line.startsWith('epoch '))?.slice(6);
  const acknowledged = lines
    .filter((line) => !line.startsWith('epoch '))
    .map((line) => {
      const [log = '', offset = '', id = ''] = line.split(' ');
      return { log, offset: Number(offset), id };
    });
  return { epoch, acknowledged };
}

export async function readAll(store: Store, log: string): Promise<StoredEntry[]> {
  const all: StoredEntry[] = [];
  for (;;) {
    const page = await store.read(log, { after: all.at(-1)?.offset ?? 0, limit: 5_000, max_bytes: 100_000_000 });
    if (page.gap) throw new Error(`${log} has a gap: ${JSON.stringify(page.gap)}`);
    all.push(...page.entries);
    if (!page.has_more) return all;
  }
}

/** Opens a store and collects the damage it reports. */
export async function openWatched(
  dir: string,
  inspectAfterMs: number | null = null,
): Promise<{ store: Store; damage: string[] }> {
  const damage: string[] = [];
  const store = await openEmbeddedStore({ dir, inspectAfterMs, onDamage: (text) => damage.push(text) });
  return { store, damage };
}
