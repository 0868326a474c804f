import type { SearchQuery, SearchResult } from '@konferenco/core';
import type { DamageLog } from '../damage-log.ts';
import type { IndexerRequests, IndexProgress, InspectorRequests, UpkeepRequests, WriterRequests } from './messages.ts';
import { WorkerPort } from './worker-port.ts';

/** Growth of the WAL, or time after a commit, until it is copied into the database. */
const CHECKPOINT_BYTES = 24 * 1024 * 1024;
const CHECKPOINT_AFTER_MS = 1_000;
/** A WAL larger than this is started over as soon as its content is in the database. */
const WAL_RESTART_BYTES = 16 * 1024 * 1024;
/** The indexer rests between chunks, at least this long and this many times as long as it worked: writing comes first. */
const INDEX_PAUSE_MS = 20;
const INDEX_REST_FACTOR = 4;
/** Chunks a search waits for. */
const CATCH_UP_CHUNKS = 10;

export interface BackgroundOptions {
  readonly dir: string;
  readonly damage: DamageLog;
  readonly writer: WorkerPort<WriterRequests>;
  readonly seq: number;
  readonly walBytes: number;
  readonly inspectAfterMs: number | null;
}

/** What goes on beside reading and writing: search indexing, checkpoints, and one inspection of the database. */
export class Background {
  readonly #options: BackgroundOptions;
  readonly #indexer: WorkerPort<IndexerRequests>;
  readonly #upkeep: WorkerPort<UpkeepRequests>;
  #inspector: WorkerPort<InspectorRequests> | null = null;
  #inspectTimer: ReturnType<typeof setTimeout> | null = null;
  #checkpointTimer: ReturnType<typeof setTimeout> | null = null;
  #indexPauseMs = INDEX_PAUSE_MS;
  #indexTimer: ReturnType<typeof setTimeout> | null = null;
  #progress: IndexProgress = { seq: 0, erasures: 0, more: false };
  #seq: number;
  /** How much of the WAL is in the database. */
  #copiedBytes = 0;
  #walBytes: number;
  #checkpointing: Promise<void> | null = null;
  #indexing: Promise<void> | null = null;
  #stopped = false;

  static async start(options: BackgroundOptions): Promise<Background> {
    const background = new Background(options);
    try {
      await background.#open();
    } catch (error) {
      background.#indexer.kill();
      background.#upkeep.kill();
      throw error;
    }
    return background;
  }

  private constructor(options: BackgroundOptions) {
    this.#options = options;
    this.#seq = options.seq;
    this.#walBytes = options.walBytes;
    this.#indexer = new WorkerPort('indexer', new URL('./indexer-worker.ts', import.meta.url), options.damage);
    this.#upkeep = new WorkerPort('upkeep', new URL('./upkeep-worker.ts', import.meta.url), options.damage);
  }

  get walBytes(): number {
    return this.#walBytes;
  }

  get indexLag(): number {
    return Math.max(0, this.#seq - this.#progress.seq);
  }

  /** Removals from the search index that are done, by number. */
  get indexedErasures(): number {
    return this.#progress.erasures;
  }

  /** Entries up to `seq` are durable, and the WAL has grown. */
  committed({ seq, wal_bytes }: { readonly seq: number; readonly wal_bytes: number }): void {
    this.#seq = seq;
    this.#walBytes = wal_bytes;
    this.nudge();
    if (wal_bytes - this.#copiedBytes >= CHECKPOINT_BYTES) this.#checkpoint();
    else this.#checkpointTimer ??= unref(setTimeout(() => this.#checkpoint(), CHECKPOINT_AFTER_MS));
  }

  /** There is something to index or to remove from the index. */
  nudge(): void {
    if (this.#stopped) return;
    this.#indexTimer ??= unref(setTimeout(() => this.#index(), this.#indexPauseMs));
  }

  /** Finds what was committed before the call, unless indexing is far behind (see `index_lag`). */
  async search(query: SearchQuery, now: number): Promise<SearchResult> {
    const upTo = this.#seq;
    for (let i = 0; i < CATCH_UP_CHUNKS && this.#progress.seq < upTo; i++) await this.#advance();
    return (await this.#indexer.request('search', { query, now })) as SearchResult;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of [this.#inspectTimer, this.#checkpointTimer, this.#indexTimer]) if (timer) clearTimeout(timer);
    this.#inspector?.kill();
    await Promise.allSettled([this.#checkpointing, this.#indexing]);
    const ended = await Promise.allSettled([this.#indexer.end('close'), this.#upkeep.end('close')]);
    for (const end of ended) {
      if (end.status === 'rejected') this.#options.damage.damage(`a thread did not close its files: ${end.reason}`);
    }
  }

  async #open(): Promise<void> {
    const { dir, inspectAfterMs } = this.#options;
    const [progress] = await Promise.all([
      this.#indexer.request('open', { dir }),
      this.#upkeep.request('open', { dir }),
    ]);
    this.#progress = progress;
    if (progress.more) this.nudge();
    if (inspectAfterMs !== null) this.#inspectTimer = unref(setTimeout(() => this.#inspect(), inspectAfterMs));
  }

  async #inspect(): Promise<void> {
    const { dir, damage } = this.#options;
    const inspector = new WorkerPort<InspectorRequests>(
      'inspector',
      new URL('./inspect-worker.ts', import.meta.url),
      damage,
    );
    this.#inspector = inspector;
    try {
      await inspector.request('inspect', { dir });
    } catch (error) {
      if (!this.#stopped) damage.damage(`the inspection did not finish: ${String(error)}`);
    } finally {
      inspector.kill();
      this.#inspector = null;
    }
  }

  #index(): void {
    this.#indexTimer = null;
    const start = performance.now();
    this.#advance()
      .then(() => {
        this.#indexPauseMs = Math.max(INDEX_PAUSE_MS, (performance.now() - start) * INDEX_REST_FACTOR);
        if (this.#progress.more || this.#progress.seq < this.#seq) this.nudge();
      })
      .catch((error) => this.#options.damage.damage(`search indexing stopped: ${String(error)}`));
  }

  #advance(): Promise<void> {
    this.#indexing ??= this.#indexer
      .request('advance', null)
      .then((progress) => {
        this.#progress = progress;
      })
      .finally(() => {
        this.#indexing = null;
      });
    return this.#indexing;
  }

  #checkpoint(): void {
    if (this.#checkpointTimer) clearTimeout(this.#checkpointTimer);
    this.#checkpointTimer = null;
    if (this.#checkpointing || this.#stopped) return;
    this.#checkpointing = this.#copyWal()
      .catch((error) => this.#options.damage.damage(`the checkpoint failed: ${String(error)}`))
      .finally(() => {
        this.#checkpointing = null;
      });
  }

  /** The bulk is copied beside the writer; only the rest that came meanwhile holds it up before the WAL starts over. */
  async #copyWal(): Promise<void> {
    const copied = await this.#upkeep.request('checkpoint', null);
    if (!copied) {
      // A full disk is no damage: commits are refused meanwhile, and say so.
      if (!this.#stopped) this.#checkpointTimer ??= unref(setTimeout(() => this.#checkpoint(), CHECKPOINT_AFTER_MS));
      return;
    }
    const { wal_bytes, left_bytes } = copied;
    this.#copiedBytes = wal_bytes - left_bytes;
    if (wal_bytes < WAL_RESTART_BYTES) return;
    const restarted = await this.#options.writer.request('restart_wal', null);
    this.#walBytes = restarted.wal_bytes;
    this.#copiedBytes = Math.min(this.#copiedBytes, restarted.wal_bytes);
  }
}

/** A timer that does not keep the process alive. */
function unref(timer: ReturnType<typeof setTimeout>): ReturnType<typeof setTimeout> {
  timer.unref();
  return timer;
}
