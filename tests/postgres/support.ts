import { afterAll, beforeAll } from 'bun:test';
import { readFileSync } from 'node:fs';
import { type Append, type Store, type StoredEntry, StoreUnavailableError } from '@konferenco/core';
import { type RunningProgram, startPostgres } from '../../packages/testkit/src/servers/index.ts';

export const PAGE = { limit: 5_000, max_bytes: 100_000_000 } as const;
export const DAY = 86_400_000;

/** Starts a server for the tests of one file and ends it after them. To be called at the top of the file. */
export function usePostgres(): () => RunningProgram {
  let server: RunningProgram | undefined;
  beforeAll(async () => {
    server = await startPostgres();
  }, 240_000);
  afterAll(async () => {
    await server?.kill();
    await server?.stop();
  }, 60_000);
  return () => {
    if (!server) throw new Error('the server runs in tests only');
    return server;
  };
}

/** A schema that nobody has used. */
export function newSchema(): string {
  return `s${Bun.randomUUIDv7().replaceAll('-', '')}`;
}

/** An append under a new id that lives a day. */
export function append(log: string, over: Partial<Append> = {}): Append {
  const id = Bun.randomUUIDv7();
  const base = { log, id, sender: 'ann', envelope: JSON.stringify({ id }), expires_at: Date.now() + DAY };
  return { ...base, ...over };
}

export async function readAll(store: Store, log: string): Promise<StoredEntry[]> {
  const all: StoredEntry[] = [];
  for (;;) {
    const page = await store.read(log, { ...PAGE, after: all.at(-1)?.offset ?? 0 });
    if (page.gap) throw new Error(`${log} has a gap: ${JSON.stringify(page.gap)}`);
    all.push(...page.entries);
    if (!page.has_more) return all;
  }
}

/** Asks until the store answers: for a moment after its server came back it may still say no. */
export async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StoreUnavailableError) || tries === 1_000) throw error;
      await Bun.sleep(20);
    }
  }
}

/** Stops or continues the server and every process it has for a connection. */
export function signalAll(server: RunningProgram, signal: 'SIGSTOP' | 'SIGCONT'): void {
  const children = readFileSync(`/proc/${server.pid}/task/${server.pid}/children`, 'utf8').trim().split(/\s+/);
  for (const pid of [server.pid, ...children.map(Number)]) process.kill(pid, signal);
}
