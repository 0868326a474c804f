import {
  type Command,
  type KeyPage,
  type Outcome,
  type Page,
  type Range,
  type Replay,
  ReplicaDivergedError,
  type ReplicaStore,
  type SearchQuery,
  type SearchResult,
  type StoredEntry,
  type StoredPointer,
  type StoredRecord,
  type StoreHealth,
  StoreUnavailableError,
} from '@konferenco/core';
import type { LogName, LogState } from '@konferenco/protocol';
import { Background } from './background.ts';
import { encodeBatch } from './batch-codec.ts';
import { CommitQueue, outcomeOf } from './commit-queue.ts';
import { CursorQueue } from '../cursor-queue.ts';
import { DamageLog } from '../damage-log.ts';
import type { ReaderRequests, WriterRequests } from './messages.ts';
import { WorkerPort } from './worker-port.ts';

export interface EmbeddedStoreOptions {
  /** Where the store's files lie; created when absent. One process at a time. */
  readonly dir: string;
  /** Unix ms; decides retention. */
  readonly now?: () => number;
  /** Called once for each piece of damage found, in words for an operator. */
  readonly onDamage?: (text: string) => void;
  /** Gives the store a new epoch, as after restoring a copy. */
  readonly renewEpoch?: boolean;
  /** Milliseconds after opening until the whole database is checked in the background; `null`: never. */
  readonly inspectAfterMs?: number | null;
}

/**
 * Opens the store that keeps everything in one SQLite log under `dir`, with all disk access in threads of its own.
 * @throws {StoreUnavailableError} when the directory cannot be used, another process has it open, or the log is damaged beyond opening.
 */
export async function openEmbeddedStore(options: EmbeddedStoreOptions): Promise<ReplicaStore> {
  const { dir, renewEpoch = false } = options;
  const damage = new DamageLog(options.onDamage);
  const threads = startThreads(damage);
  try {
    const { epoch, seq, wal_bytes } = await threads.writer.request('open', { dir, renew_epoch: renewEpoch });
    await threads.reader.request('open', { dir });
    const background = await Background.start({
      dir,
      damage,
      writer: threads.writer,
      seq,
      walBytes: wal_bytes,
      inspectAfterMs: options.inspectAfterMs === undefined ? 5_000 : options.inspectAfterMs,
    });
    return new EmbeddedStore({ ...threads, background, damage, epoch, now: options.now ?? Date.now });
  } catch (error) {
    threads.writer.kill();
    threads.reader.kill();
    throw error;
  }
}

interface Threads {
  readonly writer: WorkerPort<WriterRequests>;
  readonly reader: WorkerPort<ReaderRequests>;
}

function startThreads(damage: DamageLog): Threads {
  return {
    writer: new WorkerPort<WriterRequests>('writer', new URL('./writer-worker.ts', import.meta.url), damage),
    reader: new WorkerPort<ReaderRequests>('reader', new URL('./reader-worker.ts', import.meta.url), damage),
  };
}

interface Parts extends Threads {
  readonly background: Background;
  readonly damage: DamageLog;
  readonly epoch: string;
  readonly now: () => number;
}

class EmbeddedStore implements ReplicaStore {
  readonly epoch: string;
  readonly #parts: Parts;
  readonly #commits: CommitQueue;
  readonly #cursors: CursorQueue;
  #closing: Promise<void> | null = null;

  constructor(parts: Parts) {
    this.epoch = parts.epoch;
    this.#parts = parts;
    this.#commits = new CommitQueue(async (calls) => {
      const reply = await parts.writer.requestWithText('commit', `${parts.now()} ${encodeBatch(calls)}`);
      parts.background.committed(reply);
      return reply;
    });
    this.#cursors = new CursorQueue((cursors) => parts.writer.request('cursors', cursors));
  }

  commit(commands: readonly Command[]): Promise<Outcome[]> {
    return this.#closing ? closed() : this.#commits.submit(commands);
  }

  async replay(replay: Replay): Promise<Extract<Outcome, { kind: 'committed' }>[]> {
    if (this.#closing) return closed();
    const reply = await this.#parts.writer.requestWithText('replay', JSON.stringify(replay));
    if ('diverged' in reply) throw new ReplicaDivergedError(reply.diverged);
    this.#parts.background.committed(reply);
    const replies = reply.results[0] ?? [];
    return replay.commands.flatMap(({ at, command }, index) => {
      const outcome = outcomeOf(command, replies[index] ?? [], at);
      return outcome.kind === 'committed' ? [outcome] : [];
    });
  }

  async states(logs: readonly LogName[]): Promise<LogState[]> {
    return [...(await this.#parts.reader.request('states', logs))];
  }

  async read(log: LogName, range: Range): Promise<Page<StoredEntry>> {
    return (await this.#parts.reader.request('read', { log, range, now: this.#parts.now() })) as Page<StoredEntry>;
  }

  async readInbox(user: string, range: Range): Promise<Page<StoredPointer>> {
    return (await this.#parts.reader.request('inbox', { user, range, now: this.#parts.now() })) as Page<StoredPointer>;
  }

  async locate(log: LogName, id: string): Promise<StoredEntry | null> {
    return (await this.#parts.reader.request('locate', { log, id, now: this.#parts.now() })) as StoredEntry | null;
  }

  cursor(user: string, device: string): Promise<number | null> {
    return this.#parts.reader.request('cursor', { user, device });
  }

  saveCursors(
    cursors: readonly { readonly user: string; readonly device: string; readonly inbox: number }[],
  ): Promise<void> {
    return this.#closing ? closed() : this.#cursors.submit(cursors);
  }

  async get(collection: string, key: string): Promise<StoredRecord | null> {
    return (await this.#parts.reader.request('get', { collection, key })) as StoredRecord | null;
  }

  async list(collection: string, prefix: string, page: KeyPage): Promise<StoredRecord[]> {
    const { after = '', limit } = page;
    return (await this.#parts.reader.request('list', { collection, prefix, after, limit })) as StoredRecord[];
  }

  search(query: SearchQuery): Promise<SearchResult> {
    return this.#parts.background.search(query, this.#parts.now());
  }

  async trim(now: number): Promise<number> {
    let total = 0;
    for (;;) {
      const indexed_erasures = this.#parts.background.indexedErasures;
      const { trimmed, more } = await this.#parts.writer.request('trim', { now, indexed_erasures });
      total += trimmed;
      if (!more) break;
    }
    this.#parts.background.nudge();
    return total;
  }

  health(): StoreHealth {
    const { damage, background } = this.#parts;
    return {
      ok: damage.reasonBroken === null && this.#closing === null,
      damage: damage.list(),
      waiting: this.#commits.size,
      wal_bytes: background.walBytes,
      index_lag: background.indexLag,
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#commits.drained();
    await this.#cursors.drained();
    await this.#parts.background.stop();
    try {
      await this.#parts.reader.end('close');
    } finally {
      await this.#parts.writer.end('close');
    }
  }
}

function closed(): Promise<never> {
  return Promise.reject(new StoreUnavailableError('the store is closed'));
}
