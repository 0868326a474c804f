import { randomUUID } from 'node:crypto';
import {
  type Changed,
  type Changes,
  type Command,
  type Feed,
  type FeedPage,
  type FeedPosition,
  type KeyPage,
  type LeaderSignal,
  type Outcome,
  type Page,
  type Range,
  type SearchQuery,
  type SearchResult,
  type Store,
  type StoredEntry,
  type StoredPointer,
  type StoredRecord,
  type StoreHealth,
  StoreUnavailableError,
} from '@konferenco/core';
import type { LogName, LogState } from '@konferenco/protocol';
import { CursorQueue, type CursorUpdate } from '../cursor-queue.ts';
import { DamageLog } from '../damage-log.ts';
import { Background, createComingPartitions } from './background.ts';
import { CommitQueue } from './commit-queue.ts';
import { Connection } from './connection.ts';
import { saveCursors } from './cursors.ts';
import { startError } from './errors.ts';
import { FeedReader } from './feed.ts';
import { createPostgresKeyStore, type SharedValue } from './key-store.ts';
import { withLeader } from './leader.ts';
import { migrate } from './migrations.ts';
import { ReadPool } from './read-pool.ts';
import { Reader } from './reader.ts';
import { readWarnings, ServerClock } from './server-state.ts';
import type { PostgresServers } from '../postgres-servers.ts';
import { Session, type SessionOptions } from './session.ts';
import { trim } from './trim.ts';
import { WordSearch } from './words.ts';
import { Writer } from './writer.ts';

export interface PostgresStoreOptions {
  /** `postgres://user:password@host:port/database`, of the primary; or several servers, of which the primary is found. */
  readonly url: string | PostgresServers;
  /** Schema that holds the tables; made when absent. Letters, digits and `_`; `konferenco` by default. */
  readonly schema?: string;
  /** Unix ms; decides retention. By default the server's time. */
  readonly now?: () => number;
  /** Called once for each piece of damage found, in words for an operator. */
  readonly onDamage?: (text: string) => void;
  /** Called when something beside reading and writing failed and will be tried again. */
  readonly onFault?: (error: unknown) => void;
  /** Gives the store a new epoch, as after restoring a copy or promoting a replica that was not synchronous. */
  readonly renewEpoch?: boolean;
  /** Milliseconds a connection may take to open; 3,000 by default. */
  readonly connectMs?: number;
  /** Milliseconds one statement may take, waiting for locks included; 5,000 by default. */
  readonly statementMs?: number;
  /** Milliseconds after which a batch that found no server is given up; 10,000 by default. */
  readonly answerMs?: number;
  /** Connections for reading; 3 by default. Beside them a node has one that writes and up to three more, and one for each leadership. */
  readonly readers?: number;
}

/** The store, the feed of what is stored, and the keys that all nodes share, in one database. */
export interface PostgresStore extends Store, Feed, Changes {
  /** Where the nodes keep their key ring. */
  keys<Ring>(): SharedValue<Ring>;
}

/** Migrations may rewrite tables. */
const SETUP_MS = 60_000;

/**
 * Opens the store that keeps everything in one PostgreSQL database, as one of any number of nodes.
 * @throws {StoreUnavailableError} with a sentence that says what to do, when the server cannot be used
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<PostgresStore> {
  const { url, schema = 'konferenco', connectMs = 3_000, statementMs = 5_000 } = options;
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema)) throw new StoreUnavailableError(`'${schema}' is no name of a schema`);
  const name = `konferenco ${randomUUID()}`;
  const session: SessionOptions = { url, schema, name: `${name} r`, connectMs, statementMs };
  const clock = new ServerClock();
  const now = options.now ?? (() => clock.now());
  let writer: Writer | null = null;
  try {
    const { epoch, warnings } = await setUp({ ...session, statementMs: SETUP_MS }, { clock, now, options });
    writer = new Writer({
      session: { ...session, name: `${name} w` },
      writer: name,
      epoch,
      now,
      answerMs: options.answerMs ?? 10_000,
    });
    await writer.open();
    return new OpenStore({ options, session, clock, now, epoch, warnings, writer });
  } catch (error) {
    writer?.close();
    throw startError(error, url);
  }
}

interface SetUp {
  readonly clock: ServerClock;
  readonly now: () => number;
  readonly options: PostgresStoreOptions;
}

async function setUp(
  place: SessionOptions,
  { clock, now, options }: SetUp,
): Promise<{ epoch: string; warnings: string[] }> {
  const session = await Session.open(place);
  try {
    await migrate(session, place.schema);
    if (options.renewEpoch) await session.query('UPDATE meta SET epoch = gen_random_uuid()::text');
    const [meta] = await session.query<{ epoch: string }>('SELECT epoch FROM meta');
    if (!meta) throw new StoreUnavailableError('its schema has no epoch; restore it from a backup.');
    await clock.adjust(session);
    await createComingPartitions(session, place.schema, now());
    return { epoch: meta.epoch, warnings: await readWarnings(session) };
  } finally {
    session.destroy();
  }
}

interface Parts {
  readonly options: PostgresStoreOptions;
  readonly session: SessionOptions;
  readonly clock: ServerClock;
  readonly now: () => number;
  readonly epoch: string;
  readonly warnings: readonly string[];
  readonly writer: Writer;
}

class OpenStore implements PostgresStore {
  readonly epoch: string;
  readonly #parts: Parts;
  readonly #damage: DamageLog;
  readonly #closing = new AbortController();
  readonly #commits: CommitQueue;
  readonly #cursors: CursorQueue;
  readonly #pool: ReadPool;
  readonly #searchPool: ReadPool;
  /** For what is neither a read nor a commit. */
  readonly #side: Connection;
  readonly #indexing: Connection;
  readonly #reader: Reader;
  readonly #feed: FeedReader;
  readonly #changes: FeedReader;
  readonly #words: WordSearch;
  readonly #background: Background;
  #closed: Promise<void> | null = null;

  constructor(parts: Parts) {
    const { options, session, now, writer } = parts;
    this.#parts = parts;
    this.epoch = parts.epoch;
    this.#damage = new DamageLog(options.onDamage);
    this.#pool = new ReadPool(session, options.readers ?? 3);
    // A search may be slow, and its best plan depends on how common its words are.
    this.#searchPool = new ReadPool({ ...session, settings: { plan_cache_mode: 'force_custom_plan' } }, 1);
    this.#side = new Connection(session);
    // Words and how far they go are lost together and found again: nobody has to wait for the disk.
    this.#indexing = new Connection({ ...session, settings: { synchronous_commit: 'off' } });
    this.#reader = new Reader(this.#pool, (text) => this.#damage.damage(text));
    this.#feed = new FeedReader(this.#side, this.#reader, now);
    this.#changes = new FeedReader(this.#side, this.#reader, now);
    this.#words = new WordSearch(this.#searchPool, this.#reader);
    this.#commits = new CommitQueue(writer);
    this.#cursors = new CursorQueue((cursors) => this.#side.run((side) => saveCursors(side, cursors)));
    this.#background = this.#startBackground();
  }

  commit(commands: readonly Command[]): Promise<Outcome[]> {
    return this.#closed ? closed() : this.#commits.submit(commands);
  }

  states(logs: readonly LogName[]): Promise<LogState[]> {
    return this.#reader.states(logs);
  }

  read(log: LogName, range: Range): Promise<Page<StoredEntry>> {
    return this.#reader.read(log, range, this.#parts.now());
  }

  readInbox(user: string, range: Range): Promise<Page<StoredPointer>> {
    return this.#reader.readInbox(user, range, this.#parts.now());
  }

  locate(log: LogName, id: string): Promise<StoredEntry | null> {
    return this.#reader.locate(log, id, this.#parts.now());
  }

  cursor(user: string, device: string): Promise<number | null> {
    return this.#reader.cursor(user, device);
  }

  saveCursors(cursors: readonly CursorUpdate[]): Promise<void> {
    return this.#closed ? closed() : this.#cursors.submit(cursors);
  }

  get(collection: string, key: string): Promise<StoredRecord | null> {
    return this.#reader.get(collection, key);
  }

  list(collection: string, prefix: string, page: KeyPage): Promise<StoredRecord[]> {
    return this.#reader.list(collection, prefix, page);
  }

  search(query: SearchQuery): Promise<SearchResult> {
    return this.#words.search(query, this.#parts.now());
  }

  trim(now: number): Promise<number> {
    return this.#side.run((session) => trim(session, this.#parts.session.schema, now));
  }

  readFeed(after: FeedPosition | null, limit: number): Promise<FeedPage> {
    return this.#feed.read(after, limit);
  }

  changedSince(after: FeedPosition | null, most: number): Promise<Changed> {
    return this.#changes.changedSince(after, most);
  }

  feedCursor(group: string): Promise<FeedPosition | null> {
    return this.#feed.cursor(group);
  }

  saveFeedCursor(group: string, position: FeedPosition): Promise<void> {
    return this.#feed.saveCursor(group, position);
  }

  withLeader(name: string, work: (signal: LeaderSignal) => Promise<void>): Promise<boolean> {
    return withLeader({ session: this.#parts.session, pool: this.#pool, closing: this.#closing.signal }, name, work);
  }

  keys<Ring>(): SharedValue<Ring> {
    return createPostgresKeyStore<Ring>(this.#side);
  }

  health(): StoreHealth {
    return {
      ok: !this.#parts.writer.isDown && !this.#pool.isDown && this.#closed === null,
      damage: this.#damage.list(),
      waiting: this.#commits.size,
      wal_bytes: 0,
      index_lag: this.#background.indexLag,
      warnings: this.#background.warnings,
    };
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await this.#commits.drained();
    await this.#cursors.drained();
    this.#closing.abort();
    this.#indexing.close();
    await this.#background.ended();
    this.#pool.close();
    this.#searchPool.close();
    this.#side.close();
    this.#parts.writer.close();
  }

  #startBackground(): Background {
    const { session, clock, now, options, warnings, writer } = this.#parts;
    return new Background(
      {
        schema: session.schema,
        connection: this.#indexing,
        feed: new FeedReader(this.#indexing, this.#reader, now),
        words: this.#words,
        clock,
        now,
        withLeader: (name, work) => this.withLeader(name, work),
        // While commits wait they find out themselves, and the connection is theirs.
        lookAgain: async () => (this.#commits.size === 0 ? writer.lookAgain() : undefined),
        closing: this.#closing.signal,
        onFault: options.onFault ?? (() => undefined),
      },
      warnings,
    );
  }
}

function closed(): Promise<never> {
  return Promise.reject(new StoreUnavailableError('the store is closed'));
}
