import { Database } from 'bun:sqlite';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { SearchQuery, SearchResult } from '@konferenco/core';
import { fold, queryTerms, snippetOf } from '../search-text.ts';
import type { IndexProgress } from './messages.ts';
import { Reader } from './reader.ts';
import { isDiskFull, LOG_FILE, numberOf, openForReading, SEARCH_FILE } from './schema.ts';
import type { WorkerNews } from './worker-host.ts';

/** Entries indexed in one transaction. */
const CHUNK = 1_000;
const SEARCH_VERSION = 1;

/**
 * `log` holds one token per entry, so that a search can be limited to logs inside the index. No text is kept here. Texts are folded
 * before they come, so that the tokenizer only has to separate what `wordsOf` separates: letters, digits and private-use characters.
 */
const DDL = `
CREATE VIRTUAL TABLE words USING fts5(log, text, content='', contentless_delete=1, detail=column, tokenize='unicode61 remove_diacritics 0');
CREATE TABLE progress(one INTEGER PRIMARY KEY CHECK(one = 1), seq INTEGER NOT NULL, erasures INTEGER NOT NULL, boot TEXT NOT NULL);
INSERT INTO progress VALUES(1, 0, 0, '');
`;

/** What the log holds that the index does not know yet. */
interface News {
  readonly rows: readonly { readonly seq: number; readonly log: number; readonly text: string | null }[];
  readonly removals: readonly { readonly n: number; readonly seq: number }[];
}

/**
 * Full-text search over the log, in a file of its own that is written without `fsync` and built anew from the log whenever it
 * may have been harmed. Hits are read from the log again, so that nothing erased, expired or damaged is ever shown.
 */
export class Indexer {
  readonly #log: Database;
  readonly #reader: Reader;
  readonly #path: string;
  readonly #news: WorkerNews;
  #index: Database;
  #seq = 0;
  #erasures = 0;

  constructor(dir: string, news: WorkerNews) {
    this.#news = news;
    this.#log = openForReading(join(dir, LOG_FILE));
    this.#reader = new Reader(this.#log, news);
    this.#path = join(dir, SEARCH_FILE);
    this.#index = this.#open();
  }

  /** Indexes up to {@link CHUNK} entries and removals that were committed since. */
  advance(): IndexProgress {
    const news = this.#readNews();
    try {
      return this.#record(news);
    } catch (error) {
      // The index is as it was; building it anew would need more room still.
      if (isDiskFull(error)) return { seq: this.#seq, erasures: this.#erasures, more: true };
      this.#news.damage(`the search index is built anew: ${error instanceof Error ? error.message : String(error)}`);
      this.#index.close();
      this.#discard();
      this.#index = this.#open();
      return { seq: 0, erasures: 0, more: true };
    }
  }

  search(query: SearchQuery, now: number): SearchResult {
    const terms = queryTerms(query.words);
    const logs = query.logs.map((log) => this.#reader.logId(log)).filter((id) => id !== null);
    if (terms.length === 0 || logs.length === 0) return { hits: [] };
    const words = terms.map((term, i) => `"${term}"${i === terms.length - 1 ? '*' : ''}`).join(' AND ');
    const match = `log : (${logs.map((id) => `l${id}`).join(' OR ')}) AND text : (${words})`;
    const select = this.#index.query<{ rowid: number }, [string, number, number]>(
      'SELECT rowid FROM words WHERE words MATCH ? AND rowid < ? ORDER BY rowid DESC LIMIT ?',
    );
    const hits: SearchResult['hits'][number][] = [];
    let before = cursorOf(query.after);
    for (;;) {
      const rows = select.all(match, before, query.limit + 1);
      for (const { rowid } of rows) {
        if (hits.length === query.limit) return { hits, next: String(before) };
        before = rowid;
        const found = this.#reader.searchable(rowid, now);
        if (found) hits.push({ log: found.log, entry: found.entry, snippet: snippetOf(found.text, terms) });
      }
      if (rows.length <= query.limit) return { hits };
    }
  }

  close(): void {
    this.#index.close();
    this.#log.close();
  }

  #readNews(): News {
    const rows = this.#log
      .query<{ seq: number; log: number; text: string | null }, [number, number]>(
        'SELECT seq, log, text FROM entries WHERE seq > ? ORDER BY seq LIMIT ?',
      )
      .all(this.#seq, CHUNK);
    const removals = this.#log
      .query<{ n: number; seq: number }, [number, number]>(
        'SELECT n, seq FROM unsearchable WHERE n > ? ORDER BY n LIMIT ?',
      )
      .all(this.#erasures, CHUNK);
    return { rows, removals };
  }

  #record({ rows, removals }: News): IndexProgress {
    const insert = this.#index.query('INSERT INTO words(rowid, log, text) VALUES(?, ?, ?)');
    const remove = this.#index.query('DELETE FROM words WHERE rowid = ?');
    const seq = rows.at(-1)?.seq ?? this.#seq;
    const erasures = removals.at(-1)?.n ?? this.#erasures;
    this.#index.transaction(() => {
      for (const { seq: rowid, log, text } of rows) {
        if (text !== null) insert.run(rowid, `l${log}`, fold(text));
      }
      for (const removal of removals) remove.run(removal.seq);
      this.#index.query('UPDATE progress SET seq = ?, erasures = ?').run(seq, erasures);
    })();
    this.#seq = seq;
    this.#erasures = erasures;
    return { seq, erasures, more: rows.length === CHUNK || removals.length === CHUNK };
  }

  #open(): Database {
    const existing = this.#openSound();
    if (existing) return existing;
    this.#discard();
    const index = connect(this.#path);
    index.transaction(() => {
      index.run(DDL);
      index.run(`PRAGMA user_version = ${SEARCH_VERSION}`);
      index.query('UPDATE progress SET boot = ?').run(bootId());
    })();
    this.#seq = 0;
    this.#erasures = 0;
    return index;
  }

  /** The index as it is, unless a restart of the machine or damage makes it doubtful. */
  #openSound(): Database | null {
    let index: Database | null = null;
    try {
      index = connect(this.#path);
      if (numberOf(index, 'PRAGMA user_version') === SEARCH_VERSION) {
        const progress = index
          .query<{ seq: number; erasures: number; boot: string }, []>('SELECT seq, erasures, boot FROM progress')
          .get();
        const newest = numberOf(this.#log, 'SELECT max(seq) FROM entries');
        if (progress && progress.boot === bootId() && progress.seq <= Math.max(newest, this.#trimmedSeq())) {
          this.#seq = progress.seq;
          this.#erasures = progress.erasures;
          return index;
        }
      }
    } catch (error) {
      this.#news.damage(`the search index is built anew: ${error instanceof Error ? error.message : String(error)}`);
    }
    index?.close();
    return null;
  }

  #trimmedSeq(): number {
    return numberOf(this.#log, "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'seq'");
  }

  #discard(): void {
    for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(this.#path + suffix, { force: true });
  }
}

function connect(path: string): Database {
  const index = new Database(path, { create: true, readwrite: true, strict: true });
  index.run('PRAGMA journal_mode = WAL');
  index.run('PRAGMA synchronous = OFF');
  return index;
}

/** Changes with every start of the machine: after one, what was written without `fsync` is not to be trusted. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return 'unknown';
  }
}

function cursorOf(after: string | undefined): number {
  const seq = Number(after ?? Number.MAX_SAFE_INTEGER);
  return Number.isSafeInteger(seq) ? seq : 0;
}
