/**
 * The bare batched statement: rows of a message log into SQLite as durably as ours (WAL, `synchronous=FULL`), with no
 * server around it. Arguments: folder, rows per transaction, milliseconds, bytes of a row's envelope. Prints rows per second.
 */

import { Database } from 'bun:sqlite';
import { join } from 'node:path';

const [dir = '.', batch = '512', ms = '1000', bytes = '400'] = process.argv.slice(2);
const database = new Database(join(dir, 'bare.db'), { create: true });
database.run('PRAGMA journal_mode = WAL');
database.run('PRAGMA synchronous = FULL');
database.run('PRAGMA wal_autocheckpoint = 0');
database.run(
  `CREATE TABLE entry (log TEXT, "offset" INTEGER, at INTEGER, sender TEXT, id TEXT, envelope TEXT,
   PRIMARY KEY (log, "offset")) WITHOUT ROWID`,
);
database.run('CREATE UNIQUE INDEX entry_id ON entry (sender, id)');
const insert = database.prepare('INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?)');
const envelope = 'x'.repeat(Number(bytes));

let rows = 0;
const LOGS = 64;
const commit = database.transaction((count: number) => {
  for (let left = count; left > 0; left--) {
    const at = Math.floor(rows / LOGS) + 1;
    insert.run(`ch:channel-${rows++ % LOGS}`, at, Date.now(), `publisher${rows % LOGS}`, Bun.randomUUIDv7(), envelope);
  }
});

const start = performance.now();
while (performance.now() - start < Number(ms)) commit(Number(batch));
console.log((rows * 1000) / (performance.now() - start));
database.close();
