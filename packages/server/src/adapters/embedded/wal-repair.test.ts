import { Database } from 'bun:sqlite';
import { expect, test } from 'bun:test';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { repairWal } from './wal-repair.ts';
import { inspectWal } from './wal-scan.ts';

const FRAME_BYTES = 4_096 + 24;

async function walOf(commits: number): Promise<Buffer> {
  const dir = await mkdtemp(join(tmpdir(), 'konferenco-wal-'));
  const db = new Database(join(dir, 'a.db'), { create: true });
  db.run('PRAGMA journal_mode = WAL');
  db.run('PRAGMA wal_autocheckpoint = 0');
  db.run('CREATE TABLE t(x TEXT)');
  const insert = db.query('INSERT INTO t VALUES(?)');
  for (let i = 0; i < commits; i++) insert.run(`${i}`.repeat(900));
  const wal = await readFile(join(dir, 'a.db-wal'));
  db.close();
  await rm(dir, { recursive: true });
  return wal;
}

/** The pages of the frames, without what a repair may write. */
function pagesOf(wal: Uint8Array): Uint8Array[] {
  const pages: Uint8Array[] = [];
  for (let at = 32; at + FRAME_BYTES <= wal.length; at += FRAME_BYTES) pages.push(wal.slice(at + 24, at + FRAME_BYTES));
  return pages;
}

test('any flipped bit before the last commits is sealed in, and every commit is replayed', async () => {
  const wal = await walOf(12);
  const lastCommits = wal.length - 6 * FRAME_BYTES;
  fc.assert(
    fc.property(fc.integer({ min: 32, max: lastCommits - 1 }), fc.nat({ max: 7 }), (at, bit) => {
      const inHeader = (at - 32) % FRAME_BYTES < 8;
      fc.pre(!inHeader);
      const damaged = Uint8Array.from(wal);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << bit);
      const repaired = repairWal(damaged);
      if (!repaired) throw new Error('nothing was kept');
      expect(repaired.length).toBe(wal.length);
      expect(inspectWal(repaired)).toEqual({ kind: 'sound' });
      expect(pagesOf(repaired)).toEqual(pagesOf(damaged));
    }),
    { numRuns: 200 },
  );
});

test('a last commit that does not verify is not brought back, for it may have been torn', async () => {
  const damaged = Uint8Array.from(await walOf(3));
  damaged[damaged.length - 50] = (damaged[damaged.length - 50] ?? 0) ^ 1;
  expect(repairWal(damaged)).toBeNull();
});
