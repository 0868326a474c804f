import { inboxLog, type LogName } from '@konferenco/protocol';
import { lockKeys } from './advisory.ts';
import { numberArray, textArray } from './arrays.ts';
import { SEQ_BLOCK } from './seq-block.ts';
import {
  type Facts,
  type FoundEntry,
  idName,
  type LockedLog,
  type LockedRecord,
  placeName,
  recordName,
  type Writes,
} from './plan.ts';
import type { PreparedCommand } from './prepared.ts';
import type { Session } from './session.ts';

/** Columns of an entry `e` as `EntryRow` has them. */
export const ENTRY =
  'e.seq::float8, e.off::float8, e.at::float8, e.expires::float8, e.id::text, e.sender, e.gone::int, e.thread, e.text, e.body, e.crc';

/** Checksums are stored in four bytes with a sign. */
export function entryOf<R extends { readonly crc: number }>(row: R): R {
  return { ...row, crc: row.crc >>> 0 };
}

/** What a batch touches, to be locked in one order by all nodes, so that none waits for one that waits for it. */
export interface Footprint {
  readonly logs: readonly LogName[];
  readonly records: readonly { readonly collection: string; readonly key: string }[];
  readonly ids: readonly string[];
  readonly erases: readonly { readonly log: LogName; readonly offset: number }[];
  readonly appends: number;
}

export function footprintOf(commands: readonly PreparedCommand[]): Footprint {
  const logs = new Set<LogName>();
  const records = new Map<string, { readonly collection: string; readonly key: string }>();
  const ids: string[] = [];
  const erases: { readonly log: LogName; readonly offset: number }[] = [];
  for (const command of commands) {
    for (const { log, id, notify } of command.appends) {
      logs.add(log);
      ids.push(id);
      for (const { user } of notify ?? []) logs.add(inboxLog(user));
    }
    for (const erase of command.erases) {
      logs.add(erase.log);
      erases.push(erase);
    }
    for (const row of [...command.requires, ...command.changes]) records.set(recordName(row.collection, row.key), row);
  }
  return { logs: [...logs], records: [...records.values()], ids, erases, appends: ids.length };
}

/**
 * Locks records, then logs, each in the order of their names, and reads what the batch depends on. The statements travel
 * together; each sees what was committed when its turn comes, which is after the locks are had.
 */
export async function lockAndRead(session: Session, schema: string, footprint: Footprint): Promise<Facts> {
  const { records, erases } = footprint;
  const [, , logs, rows, ids, places, blocks] = await Promise.all([
    erases.length > 0 && lockWords(session, schema),
    records.length > 0 && lockRecords(session, records),
    lockLogs(session, footprint.logs),
    readRecords(session, records),
    readIds(session, footprint.ids),
    readPlaces(session, erases),
    takeBlocks(session, footprint.appends),
  ]);
  return { logs, records: rows, ids, places, seqs: seqsOf(blocks) };
}

/** Shared by those who blank entries, held alone by the indexer: words of a blanked entry are never left in the index. */
export async function lockWords(session: Session, schema: string): Promise<void> {
  await session.query('SELECT pg_advisory_xact_lock_shared($1::int, $2::int)', lockKeys(schema, 'words'));
}

/** A row that is not there is made without a value, so that there is something to lock. */
async function lockRecords(session: Session, records: Footprint['records']): Promise<void> {
  await session.query(
    `INSERT INTO records(collection, key, version, crc)
     SELECT c, k, 0, 0 FROM unnest($1::text[], $2::text[]) AS t(c, k) ORDER BY c COLLATE "C", k COLLATE "C"
     ON CONFLICT(collection, key) DO UPDATE SET version = 0 WHERE false`,
    keysOf(records),
  );
}

export async function lockLogs(session: Session, names: readonly LogName[]): Promise<Map<LogName, LockedLog>> {
  if (names.length === 0) return new Map();
  const rows = await session.query<LockedLog & { name: LogName }>(
    `SELECT id::float8, head::float8, at::float8, name FROM logs WHERE name = ANY($1::text[])
     ORDER BY name FOR NO KEY UPDATE`,
    [textArray(names)],
  );
  return new Map(rows.map((row) => [row.name, row]));
}

async function readRecords(session: Session, records: Footprint['records']): Promise<Map<string, LockedRecord>> {
  if (records.length === 0) return new Map();
  const rows = await session.query<LockedRecord>(
    `SELECT r.collection, r.key, r.version::float8 FROM unnest($1::text[], $2::text[]) AS t(c, k)
     JOIN records r ON r.collection = t.c AND r.key = t.k`,
    keysOf(records),
  );
  return new Map(rows.map((row) => [recordName(row.collection, row.key), row]));
}

function keysOf(records: Footprint['records']): [string, string] {
  return [textArray(records.map(({ collection }) => collection)), textArray(records.map(({ key }) => key))];
}

async function readIds(session: Session, ids: readonly string[]): Promise<Map<string, FoundEntry>> {
  if (ids.length === 0) return new Map();
  let [least = ''] = ids;
  let most = least;
  for (const id of ids) {
    if (id < least) least = id;
    if (id > most) most = id;
  }
  const rows = await session.query<FoundEntry>(
    `SELECT ${ENTRY}, l.name FROM entries e JOIN logs l ON l.id = e.log
     WHERE e.id = ANY($1::uuid[]) AND e.id >= $2::uuid AND e.id <= $3::uuid`,
    [textArray(ids), least, most],
  );
  return new Map(rows.map((row) => [idName(row.id, row.sender), entryOf(row)]));
}

async function readPlaces(session: Session, erases: Footprint['erases']): Promise<Map<string, FoundEntry>> {
  if (erases.length === 0) return new Map();
  const rows = await session.query<FoundEntry>(
    `SELECT ${ENTRY}, l.name FROM unnest($1::text[], $2::float8[]) AS t(name, off) JOIN logs l ON l.name = t.name
     JOIN entries e ON e.log = l.id AND e.off = t.off::bigint`,
    [textArray(erases.map(({ log }) => log)), numberArray(erases.map(({ offset }) => offset))],
  );
  return new Map(rows.map((row) => [placeName(row.name, row.off), entryOf(row)]));
}

async function takeBlocks(session: Session, count: number): Promise<number[]> {
  if (count === 0) return [];
  const rows = await session.query<{ block: number }>(
    "SELECT nextval('entry_seq')::float8 AS block FROM generate_series(1, $1::int)",
    [Math.ceil(count / SEQ_BLOCK)],
  );
  return rows.map(({ block }) => block);
}

function* seqsOf(blocks: readonly number[]): Generator<number, undefined> {
  for (const block of blocks) for (let i = 0; i < SEQ_BLOCK; i++) yield block + i;
}

/** Writes what was planned. The statements travel together. */
export async function write(session: Session, { entries, pointers, heads, records, blanks }: Writes): Promise<void> {
  const work: Promise<unknown>[] = [];
  if (entries.length > 0) work.push(insertEntries(session, entries));
  if (pointers.length > 0) work.push(insertPointers(session, pointers));
  if (heads.size > 0) work.push(raiseHeads(session, heads, entries[0]?.at ?? 0));
  if (records.length > 0) work.push(writeRecords(session, records));
  if (blanks.length > 0) work.push(blankEntries(session, blanks));
  await Promise.all(work);
}

async function insertEntries(session: Session, rows: Writes['entries']): Promise<void> {
  await session.query(
    `INSERT INTO entries(id, sender, seq, log, off, at, expires, crc, gone, thread, text, body, inboxes)
     SELECT i, s, q, l, o, a, x, c, g, h, t, b, n::bigint[] FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[],
       $6::bigint[], $7::bigint[], $8::int[], $9::smallint[], $10::text[], $11::text[], $12::text[], $13::text[])
       AS t(i, s, q, l, o, a, x, c, g, h, t, b, n)`,
    [
      textArray(rows.map((row) => row.id)),
      textArray(rows.map((row) => row.sender)),
      numberArray(rows.map((row) => row.seq)),
      numberArray(rows.map((row) => row.log)),
      numberArray(rows.map((row) => row.off)),
      numberArray(rows.map((row) => row.at)),
      numberArray(rows.map((row) => row.expires)),
      numberArray(rows.map((row) => row.crc | 0)),
      numberArray(rows.map((row) => row.gone)),
      textArray(rows.map((row) => row.thread)),
      textArray(rows.map((row) => row.text)),
      textArray(rows.map((row) => row.body)),
      textArray(rows.map((row) => row.inboxes && numberArray(row.inboxes))),
    ],
  );
}

async function insertPointers(session: Session, rows: Writes['pointers']): Promise<void> {
  await session.query(
    `INSERT INTO pointers(id, seq, inbox, off, crc, reason)
     SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::int[], $6::smallint[])`,
    [
      textArray(rows.map((row) => row.id)),
      numberArray(rows.map((row) => row.seq)),
      numberArray(rows.map((row) => row.inbox)),
      numberArray(rows.map((row) => row.off)),
      numberArray(rows.map((row) => row.crc | 0)),
      numberArray(rows.map((row) => row.reason)),
    ],
  );
}

async function raiseHeads(session: Session, heads: Writes['heads'], at: number): Promise<void> {
  await session.query(
    `UPDATE logs SET head = t.head, at = $3::bigint FROM unnest($1::bigint[], $2::bigint[]) AS t(id, head)
     WHERE logs.id = t.id`,
    [numberArray([...heads.keys()]), numberArray([...heads.values()]), at],
  );
}

/** Every row is there, if only as a lock. */
async function writeRecords(session: Session, records: Writes['records']): Promise<void> {
  const put = records.filter(({ value }) => value !== null);
  const dropped = records.filter(({ value }) => value === null);
  const work: Promise<unknown>[] = [];
  if (put.length > 0) {
    work.push(
      session.query(
        `UPDATE records r SET version = t.version, crc = t.crc, value = t.value
         FROM unnest($1::text[], $2::text[], $3::bigint[], $4::int[], $5::text[]) AS t(c, k, version, crc, value)
         WHERE r.collection = t.c AND r.key = t.k`,
        [
          ...keysOf(put),
          numberArray(put.map(({ version }) => version)),
          numberArray(put.map(({ crc }) => crc | 0)),
          textArray(put.map(({ value }) => value)),
        ],
      ),
    );
  }
  if (dropped.length > 0) {
    work.push(
      session.query(
        `DELETE FROM records r USING unnest($1::text[], $2::text[]) AS t(c, k)
         WHERE r.collection = t.c AND r.key = t.k`,
        keysOf(dropped),
      ),
    );
  }
  await Promise.all(work);
}

/** The caller holds {@link lockWords}. */
export async function blankEntries(session: Session, rows: readonly FoundEntry[]): Promise<void> {
  await Promise.all([
    session.query(
      `UPDATE entries e SET gone = t.gone, text = NULL, body = NULL, crc = t.crc
       FROM unnest($1::uuid[], $2::text[], $3::smallint[], $4::int[]) AS t(id, sender, gone, crc)
       WHERE e.id = t.id AND e.sender = t.sender`,
      [
        textArray(rows.map((row) => row.id)),
        textArray(rows.map((row) => row.sender)),
        numberArray(rows.map((row) => row.gone)),
        numberArray(rows.map((row) => row.crc | 0)),
      ],
    ),
    session.query('DELETE FROM words WHERE seq = ANY($1::bigint[])', [numberArray(rows.map((row) => row.seq))]),
  ]);
}
