import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { inspectWal } from './wal-scan.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'konferenco-wal-'));
});
afterEach(() => rm(dir, { recursive: true }));

/** The WAL of a database after `before` commits, a checkpoint that starts it over, and `after` more. */
async function walOf({ before, after }: { before: number; after: number }): Promise<Buffer> {
  const db = new Database(join(dir, 'a.db'), { create: true });
  db.run('PRAGMA journal_mode = WAL');
  db.run('PRAGMA wal_autocheckpoint = 0');
  db.run('CREATE TABLE t(x TEXT)');
  const insert = db.query('INSERT INTO t VALUES(?)');
  for (let i = 0; i < before; i++) insert.run('old'.repeat(500));
  if (after > 0) db.run('PRAGMA wal_checkpoint(RESTART)');
  for (let i = 0; i < after; i++) insert.run('new'.repeat(500));
  const wal = await readFile(join(dir, 'a.db-wal'));
  db.close();
  return wal;
}

describe('the look at a write-ahead log', () => {
  test('finds nothing wrong with a sound one, nor with the remains of an earlier generation', async () => {
    expect(inspectWal(await walOf({ before: 10, after: 0 }))).toEqual({ kind: 'sound' });
    expect(inspectWal(new Uint8Array(0))).toEqual({ kind: 'sound' });
  });

  test('takes frames of an earlier generation for what they are', async () => {
    const wal = await walOf({ before: 20, after: 2 });
    expect(wal.length).toBeGreaterThan(15 * 4_120);
    expect(inspectWal(wal)).toEqual({ kind: 'sound' });
  });

  test('notices any flipped bit of a file whose every frame counts', async () => {
    const wal = await walOf({ before: 6, after: 0 });
    fc.assert(
      fc.property(fc.nat({ max: wal.length * 8 - 1 }), (bit) => {
        const damaged = Buffer.from(wal);
        damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(inspectWal(damaged).kind).toBe('damaged');
      }),
      { numRuns: 300 },
    );
  });

  test('passes over a tail that was torn before its commit', async () => {
    const wal = await walOf({ before: 6, after: 0 });
    const torn = Buffer.concat([wal, wal.subarray(32, 32 + 2_000)]);
    torn.writeUInt32BE(0, wal.length + 4);
    expect(inspectWal(torn)).toEqual({ kind: 'sound' });
  });
});
