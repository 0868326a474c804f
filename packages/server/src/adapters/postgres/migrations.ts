import { StoreUnavailableError } from '@konferenco/core';
import { lockKeys } from './advisory.ts';
import { APPEND_FUNCTION } from './append-function.ts';
import { PLACED_CRC } from './row-checksum.ts';
import { SEQ_BLOCK } from './seq-block.ts';
import type { Session } from './session.ts';

/** The oldest server whose features the store uses. */
const OLDEST_SERVER = 150_000;

/**
 * Entries, pointers and words are partitioned by the time in the entry's id (UUID v7), which is what makes `(id, sender)`
 * unique across all partitions. `seq` is taken while the entry's log is locked, so that it rises with the offsets of every log.
 * `inboxes` are the logs that hold pointers to the entry. A row of `logs` with `head` 0 is a log nobody wrote to yet; a row of
 * `records` without a value exists only inside the transaction that locked it. `writers` holds the last batch that each writer
 * committed, see `WriterRow`.
 */
const FIRST = `
CREATE TABLE meta(one boolean PRIMARY KEY DEFAULT true CHECK(one), epoch text NOT NULL);
INSERT INTO meta(epoch) VALUES(gen_random_uuid()::text);
CREATE TABLE writers(writer text PRIMARY KEY, batch bigint NOT NULL, seen timestamptz NOT NULL) WITH (fillfactor = 10);
CREATE SEQUENCE entry_seq INCREMENT BY ${SEQ_BLOCK};
CREATE TABLE logs(
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, first bigint NOT NULL DEFAULT 1, head bigint NOT NULL DEFAULT 0,
  at bigint NOT NULL DEFAULT 0, name text COLLATE "C" NOT NULL UNIQUE) WITH (fillfactor = 70);
CREATE TABLE entries(
  id uuid NOT NULL, seq bigint NOT NULL, log bigint NOT NULL, off bigint NOT NULL, at bigint NOT NULL, expires bigint NOT NULL,
  crc int NOT NULL, gone smallint NOT NULL, sender text COLLATE "C" NOT NULL, thread text COLLATE "C", text text, body text,
  inboxes bigint[]) PARTITION BY RANGE(id);
CREATE UNIQUE INDEX entries_id ON entries(id, sender);
CREATE INDEX entries_position ON entries(log, off);
CREATE INDEX entries_seq ON entries(seq);
CREATE INDEX entries_thread ON entries(log, thread, off) WHERE thread IS NOT NULL;
CREATE INDEX entries_expiry ON entries(expires) WHERE gone <> 2;
CREATE TABLE pointers(
  id uuid NOT NULL, seq bigint NOT NULL, inbox bigint NOT NULL, off bigint NOT NULL, crc int NOT NULL, reason smallint NOT NULL)
  PARTITION BY RANGE(id);
CREATE INDEX pointers_position ON pointers(inbox, off);
CREATE TABLE words(
  id uuid NOT NULL, seq bigint NOT NULL, words tsvector NOT NULL) PARTITION BY RANGE(id);
CREATE INDEX words_words ON words USING gin(words) WITH (fastupdate = off);
CREATE INDEX words_seq ON words(seq);
CREATE TABLE cursors(
  person text COLLATE "C", device text COLLATE "C", inbox bigint NOT NULL, crc int NOT NULL, PRIMARY KEY(person, device));
CREATE TABLE records(
  collection text COLLATE "C", key text COLLATE "C", version bigint NOT NULL, crc int NOT NULL, value text,
  PRIMARY KEY(collection, key));
CREATE TABLE feed_cursors(name text COLLATE "C" PRIMARY KEY, seq bigint NOT NULL);
CREATE TABLE keys(one boolean PRIMARY KEY DEFAULT true CHECK(one), version bigint NOT NULL, ring text NOT NULL);
`;

/** Entries of a development version have checksums that are no longer understood: better refused than shown as damaged. */
const EMPTY = `DO $$ BEGIN
  IF EXISTS(SELECT FROM entries) THEN
    RAISE EXCEPTION 'it holds messages of a development version, which this version cannot read; use an empty database.';
  END IF;
END $$`;

/** The schema, step by step, each in its statements; the number of a step is its place. Steps are only ever added. */
const MIGRATIONS: readonly (readonly string[])[] = [
  FIRST.split(';\n'),
  [EMPTY, PLACED_CRC],
  [
    'ALTER TABLE writers ADD COLUMN term bigint NOT NULL DEFAULT 0, ADD COLUMN at bigint NOT NULL DEFAULT 0',
    APPEND_FUNCTION,
  ],
];

/**
 * Brings the schema up to date. Of nodes that start together one does it while the others wait.
 * @throws {StoreUnavailableError} when the server is too old or the schema is newer than this version knows
 */
export async function migrate(session: Session, schema: string): Promise<void> {
  const [server] = await session.query<{ version: number }>(
    "SELECT current_setting('server_version_num')::int AS version",
  );
  if (!server || server.version < OLDEST_SERVER) throw tooOld(server?.version ?? 0);
  await session.transaction(async () => {
    await session.query('SELECT pg_advisory_xact_lock($1::int, $2::int)', lockKeys(schema, 'migrations'));
    const [found] = await session.query<{ there: boolean }>(
      'SELECT EXISTS(SELECT FROM pg_namespace WHERE nspname = $1) AS there',
      [schema],
    );
    if (!found?.there) await session.query(`CREATE SCHEMA "${schema}"`);
    await session.query('CREATE TABLE IF NOT EXISTS migrations(number int PRIMARY KEY, at timestamptz NOT NULL)');
    const [state] = await session.query<{ done: number }>('SELECT coalesce(max(number), 0) AS done FROM migrations');
    const done = state?.done ?? 0;
    if (done > MIGRATIONS.length) throw tooNew(done);
    for (const [index, step] of MIGRATIONS.entries()) {
      if (index < done) continue;
      for (const statement of step) if (statement.trim() !== '') await session.query(statement);
      await session.query('INSERT INTO migrations VALUES($1, now())', [index + 1]);
    }
  });
}

function tooOld(version: number): StoreUnavailableError {
  const major = Math.floor(version / 10_000);
  return new StoreUnavailableError(`it is version ${major}; upgrade it to version 15 or newer.`);
}

function tooNew(done: number): StoreUnavailableError {
  const known = MIGRATIONS.length;
  return new StoreUnavailableError(
    `its schema has version ${done} and this program knows ${known}; start a newer program, or restore a backup made before the upgrade.`,
  );
}
