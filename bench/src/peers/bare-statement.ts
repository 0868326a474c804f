/**
 * The bare batched statement: rows into the embedded store's own table, as durably (WAL, `synchronous=FULL`), with no
 * store and no server around it. Arguments: folder, rows per transaction, milliseconds, bytes of text. Prints rows per second.
 */

import { join } from 'node:path';
import { openForWriting } from '../../../packages/server/src/adapters/embedded/schema.ts';

const [dir = '.', batch = '512', ms = '1000', size = '200'] = process.argv.slice(2);
const LOGS = 64;
const EXPIRES = 4_000_000_000_000;

const database = openForWriting(join(dir, 'bare.db'));
database.run('PRAGMA wal_autocheckpoint = 1000');
const insert = database.query('INSERT INTO entries VALUES(?, ?, ?, ?, ?, ?, ?, 0, NULL, ?, ?, 0)');
const text = 'x'.repeat(Number(size));

function envelope(id: string, sender: string, at: number): string {
  const from = `"type":"chat","subtype":"channel_message","from":{"user_id":"${sender}"}`;
  return `{"id":"${id}",${from},"to":{"type":"channel","id":"hall"},"payload":{"text":"${text}"},"timestamp":${at}}`;
}

let rows = 0;
const commit = database.transaction((count: number) => {
  for (let left = count; left > 0; left--) {
    const [id, sender, at] = [Bun.randomUUIDv7(), `publisher${rows % LOGS}`, Date.now()];
    const offset = Math.floor(rows / LOGS) + 1;
    insert.run(rows + 1, rows % LOGS, offset, at, EXPIRES, id, sender, text, envelope(id, sender, at));
    rows++;
  }
});

const start = performance.now();
while (performance.now() - start < Number(ms)) commit(Number(batch));
console.log((rows * 1000) / (performance.now() - start));
database.close();
