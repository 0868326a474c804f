/**
 * The bare batched statement on PostgreSQL: rows into the store's own tables in multi-row inserts, one transaction a batch, with
 * `synchronous_commit` on, and no store and no server around it. Arguments: address, `channel` or `direct` (with two pointers a
 * message), rows per transaction, milliseconds, bytes of text. Prints messages per second, and how many were written in all.
 */

import { SQL } from 'bun';
import { numberArray, textArray } from '../../../packages/server/src/adapters/postgres/arrays.ts';
import { openPostgresStore } from '../../../packages/server/src/adapters/postgres/store.ts';

const [url = '', kind = 'channel', batch = '512', ms = '1000', size = '200'] = process.argv.slice(2);
const LOGS = 64;
const EXPIRES = 4_000_000_000_000;

// The store makes its tables and goes.
await (await openPostgresStore({ url })).close();
const sql = new SQL({ url, max: 1, connection: { search_path: 'konferenco', synchronous_commit: 'on', jit: 'off' } });
const text = 'x'.repeat(Number(size));
const to = kind === 'direct' ? '"type":"user","id":"receiver"' : '"type":"channel","id":"hall"';
const subtype = kind === 'direct' ? 'direct_message' : 'channel_message';
let rows = 0;

function envelope(id: string, sender: string, at: number): string {
  const from = `"type":"chat","subtype":"${subtype}","from":{"user_id":"${sender}"}`;
  return `{"id":"${id}",${from},"to":{${to}},"payload":{"text":"${text}"},"timestamp":${at}}`;
}

function messages(count: number) {
  return Array.from({ length: count }, () => {
    const [seq, id, sender, at] = [rows, Bun.randomUUIDv7(), `publisher${rows % LOGS}`, Date.now()];
    rows++;
    return { seq, id, sender, at, log: seq % LOGS, off: Math.floor(seq / LOGS) + 1, body: envelope(id, sender, at) };
  });
}

type Said = ReturnType<typeof messages>;

function insertEntries(on: SQL, said: Said): Promise<unknown> {
  return on.unsafe(
    `INSERT INTO entries(id, sender, seq, log, off, at, expires, crc, gone, text, body)
     SELECT i, s, q, l, o, a, ${EXPIRES}, 0, 0, t, b FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[],
       $6::bigint[], $7::text[], $8::text[]) AS t(i, s, q, l, o, a, t, b)`,
    [
      textArray(said.map(({ id }) => id)),
      textArray(said.map(({ sender }) => sender)),
      numberArray(said.map(({ seq }) => seq)),
      numberArray(said.map(({ log }) => log)),
      numberArray(said.map(({ off }) => off)),
      numberArray(said.map(({ at }) => at)),
      textArray(said.map(() => text)),
      textArray(said.map(({ body }) => body)),
    ],
  );
}

function insertPointers(on: SQL, said: Said): Promise<unknown> {
  return on.unsafe(
    `INSERT INTO pointers(id, seq, inbox, off, crc, reason)
     SELECT i, q, l + ${LOGS} * n, o, 0, 0 FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[]) AS t(i, q, l, o),
       generate_series(1, 2) AS n`,
    [
      textArray(said.map(({ id }) => id)),
      numberArray(said.map(({ seq }) => seq)),
      numberArray(said.map(({ log }) => log)),
      numberArray(said.map(({ off }) => off)),
    ],
  );
}

async function commit(): Promise<void> {
  const said = messages(Number(batch));
  if (kind !== 'direct') {
    await insertEntries(sql, said);
    return;
  }
  await sql.begin((transaction) => Promise.all([insertEntries(transaction, said), insertPointers(transaction, said)]));
}

async function insertFor(length: number): Promise<number> {
  const [start, before] = [performance.now(), rows];
  while (performance.now() - start < length) await commit();
  return ((rows - before) * 1000) / (performance.now() - start);
}

await insertFor(Number(ms) / 3);
const per_s = await insertFor(Number(ms));
console.log(`${per_s} ${rows}`);
await sql.close();
