import type { SearchQuery, SearchResult } from '@konferenco/core';
import type { LogName } from '@konferenco/protocol';
import { type EntryRow, PRESENT } from '../checksum.ts';
import { isIntact } from './row-checksum.ts';
import { matchesTerms, queryTerms, snippetOf, wordsOf } from '../search-text.ts';
import { lockKeys } from './advisory.ts';
import { numberArray, textArray } from './arrays.ts';
import type { FeedReader } from './feed.ts';
import type { ReadPool } from './read-pool.ts';
import type { Reader } from './reader.ts';
import type { Session } from './session.ts';
import { ENTRY, entryOf } from './statements.ts';

/** Entries indexed in one transaction; more would hold up for too long whoever commits meanwhile. */
const CHUNK = 500;
/** The feed cursor that says how far the index has come. */
const GROUP = 'search';
/** Entries that are not indexed yet and are searched one by one; of more than these, the newest. */
const TAIL = 5_000;
/** Entries not yet indexed that are counted. */
const LAG_COUNTED = 10_000;
/** A lexeme's greatest length in bytes, which PostgreSQL limits. */
const LEXEME_BYTES = 2_000;

/** Rows of a search, with what is needed to verify them. */
interface FoundRow extends EntryRow {
  readonly name: LogName;
}

/**
 * Indexes the next entries of the feed. One node does this at a time, holding alone the lock that those who blank entries
 * share, so that no word of a blanked entry is left. @returns how many
 */
export async function indexWords(session: Session, schema: string, feed: FeedReader): Promise<number> {
  const upTo = await feed.settled(session);
  return session.transaction(async () => {
    await session.query('SELECT pg_advisory_xact_lock($1::int, $2::int)', lockKeys(schema, 'words'));
    const rows = await session.query<{ seq: number; id: string; log: number; text: string | null }>(
      `SELECT seq::float8, id::text, log::float8, text FROM entries
       WHERE seq > coalesce((SELECT seq FROM feed_cursors WHERE name = '${GROUP}'), 0) AND seq <= $1::bigint
       ORDER BY seq LIMIT ${CHUNK}`,
      [upTo],
    );
    const last = rows.at(-1);
    if (!last) return 0;
    const found = rows.filter(({ text }) => text !== null);
    await session.query(
      `INSERT INTO words(id, seq, words) SELECT i, s, array_to_tsvector(w::text[])
       FROM unnest($1::uuid[], $2::bigint[], $3::text[]) AS t(i, s, w)`,
      [
        textArray(found.map(({ id }) => id)),
        numberArray(found.map(({ seq }) => seq)),
        textArray(found.map(({ log, text }) => textArray([logLexeme(log), ...lexemesOf(text ?? '')]))),
      ],
    );
    await session.query(
      `INSERT INTO feed_cursors VALUES('${GROUP}', $1::bigint) ON CONFLICT(name) DO UPDATE SET seq = excluded.seq`,
      [last.seq],
    );
    return rows.length;
  });
}

/** Full-text search: what is indexed, and before it, as it is newer, what is not yet. Hits are read from the log again. */
export class WordSearch {
  readonly #pool: ReadPool;
  readonly #reader: Reader;

  constructor(pool: ReadPool, reader: Reader) {
    this.#pool = pool;
    this.#reader = reader;
  }

  async search(query: SearchQuery, now: number): Promise<SearchResult> {
    const terms = queryTerms(query.words);
    const logs = await this.#logIds(query.logs);
    if (terms.length === 0 || logs.length === 0) return { hits: [] };
    const hits: SearchResult['hits'][number][] = [];
    let before = cursorOf(query.after);
    const done = await this.#indexed();
    const take = (rows: readonly FoundRow[]): boolean => {
      for (const row of rows) {
        if (hits.length === query.limit) return true;
        before = row.seq;
        const hit = this.#hit(row, terms, now);
        if (hit) hits.push(hit);
      }
      return false;
    };
    if (before > done) {
      const tail = await this.#tail(logs, { above: done, before });
      if (take(tail.filter(({ text }) => text !== null && matchesTerms(wordsOf(text), terms)))) {
        return { hits, next: String(before) };
      }
      before = Math.min(before, done + 1);
    }
    for (;;) {
      const rows = await this.#lookUp(logs, terms, { before, limit: query.limit + 1 });
      if (take(rows)) return { hits, next: String(before) };
      if (rows.length <= query.limit) return { hits };
    }
  }

  /** Entries that are stored and not indexed, as far as they are worth counting. */
  async lag(): Promise<number> {
    const [row] = await this.#pool.query<{ lag: number }>(
      `SELECT count(*)::int AS lag FROM (SELECT FROM entries WHERE seq > $1::bigint LIMIT ${LAG_COUNTED}) AS t`,
      [await this.#indexed()],
    );
    return row?.lag ?? 0;
  }

  async #indexed(): Promise<number> {
    const [row] = await this.#pool.query<{ seq: number }>(
      `SELECT seq::float8 FROM feed_cursors WHERE name = '${GROUP}'`,
      [],
    );
    return row?.seq ?? 0;
  }

  async #logIds(names: readonly LogName[]): Promise<number[]> {
    if (names.length === 0) return [];
    const rows = await this.#pool.query<{ id: number }>('SELECT id::float8 FROM logs WHERE name = ANY($1::text[])', [
      textArray(names),
    ]);
    return rows.map(({ id }) => id);
  }

  #tail(logs: readonly number[], { above, before }: { above: number; before: number }): Promise<readonly FoundRow[]> {
    return this.#pool.query<FoundRow>(
      `SELECT ${ENTRY}, l.name FROM (
         SELECT * FROM entries WHERE seq > $1::bigint AND seq < $2::bigint ORDER BY seq DESC LIMIT ${TAIL}) e
       JOIN logs l ON l.id = e.log WHERE e.log = ANY($3::bigint[]) AND e.text IS NOT NULL ORDER BY e.seq DESC`,
      [above, before, numberArray(logs)],
    );
  }

  #lookUp(
    logs: readonly number[],
    terms: readonly string[],
    { before, limit }: { before: number; limit: number },
  ): Promise<readonly FoundRow[]> {
    const words = terms.map((term, i) => `'${cut(term)}'${i === terms.length - 1 ? ':*' : ''}`).join(' & ');
    const inLogs = logs.map((id) => `'${logLexeme(id)}'`).join(' | ');
    return this.#pool.query<FoundRow>(
      `SELECT ${ENTRY}, l.name FROM (
         SELECT id, seq FROM words WHERE words @@ $1::tsquery AND seq < $2::bigint ORDER BY seq DESC LIMIT $3::int) w
       JOIN entries e ON e.id = w.id AND e.seq = w.seq JOIN logs l ON l.id = e.log ORDER BY e.seq DESC`,
      [`(${inLogs}) & ${words}`, before, limit],
    );
  }

  #hit(raw: FoundRow, terms: readonly string[], now: number): SearchResult['hits'][number] | null {
    const row = entryOf(raw);
    const damaged = !isIntact(row.name, row);
    const entry = this.#reader.entry(row.name, row, now);
    if (damaged || row.text === null || row.gone !== PRESENT || row.expires <= now) return null;
    return { log: row.name, entry, snippet: snippetOf(row.text, terms) };
  }
}

/** Words as they are indexed: each once. They hold letters and digits only, so nothing in them has to be escaped. */
function lexemesOf(text: string): string[] {
  return [...new Set(wordsOf(text).map(({ folded }) => cut(folded)))];
}

/** Stands for a log in the index. No word begins like it. */
function logLexeme(log: number): string {
  return `#${log}`;
}

function cut(word: string): string {
  return word.length * 3 <= LEXEME_BYTES ? word : word.slice(0, LEXEME_BYTES / 4).toWellFormed();
}

function cursorOf(after: string | undefined): number {
  const seq = Number(after ?? Number.MAX_SAFE_INTEGER);
  return Number.isSafeInteger(seq) ? seq : 0;
}
