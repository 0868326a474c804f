import {
  type Command,
  type KeyPage,
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
import { inboxLog, type LogName, type LogState } from '@konferenco/protocol';
import { assertWritable } from '../assert-writable.ts';
import { cutPage, retentionGap } from '../page.ts';
import { matchesTerms, queryTerms, snippetOf, wordsOf } from '../search-text.ts';
import { MemoryDisk, type MemoryEntry, type MemoryLog, type MemoryPointer } from './disk.ts';

export type { MemoryDisk };

export interface MemoryStoreOptions {
  /** Unix ms; decides retention. */
  readonly now: () => number;
  /** What outlives a crash; a fresh one by default. Its epoch counts. */
  readonly disk?: MemoryDisk;
  /** Of the fresh disk when none is given. */
  readonly epoch?: string;
  /** Settles when a commit is on disk; by default in a microtask. Commits take effect in the order of the calls whatever it does. */
  readonly settle?: () => Promise<void>;
}

/** A store whose process can be made to die. */
export interface MemoryStore extends Store {
  /**
   * Dies at once: nothing handed over is acknowledged any more, and later calls fail. The oldest `kept` calls that wait, in their
   * order, still reach the disk, as happens when the power goes between writing and answering.
   */
  crash(kept?: number): void;
}

const COMMANDS_WAITING = 20_000;
const EMPTY: LogState = { first: 0, head: 0 };

/** A disk for {@link createMemoryStore}; pass the same one again to restart after a crash. */
export function createMemoryDisk(options: { readonly epoch?: string } = {}): MemoryDisk {
  return new MemoryDisk(options.epoch ?? 'memory');
}

/** A store without timers or I/O that behaves exactly as the durable ones do; for simulations in virtual time and for tests. */
export function createMemoryStore(options: MemoryStoreOptions): MemoryStore {
  return new InMemoryStore(options);
}

interface Waiting {
  readonly size: number;
  readonly apply: () => Outcome[];
  readonly fail: (error: Error) => void;
}

class InMemoryStore implements MemoryStore {
  readonly #now: () => number;
  readonly #disk: MemoryDisk;
  readonly #settle: () => Promise<void>;
  #waiting: Waiting[] = [];
  #waitingCommands = 0;
  #tail: Promise<void> = Promise.resolve();
  #state: 'open' | 'closed' | 'crashed' = 'open';

  constructor({ now, disk, epoch, settle }: MemoryStoreOptions) {
    this.#now = now;
    this.#disk = disk ?? createMemoryDisk(epoch === undefined ? {} : { epoch });
    this.#settle = settle ?? (() => Promise.resolve());
  }

  get epoch(): string {
    return this.#disk.epoch;
  }

  async commit(commands: readonly Command[]): Promise<Outcome[]> {
    const size = commands.length;
    if (this.#waitingCommands + size > COMMANDS_WAITING) return unavailable('too many commands wait');
    const at = this.#now();
    assertWritable(commands);
    const copy = JSON.parse(JSON.stringify(commands)) as readonly Command[];
    return this.#hand(size, () => copy.map((command) => this.#disk.apply(command, at)));
  }

  async states(names: readonly LogName[]): Promise<LogState[]> {
    this.#check();
    return names.map((name) => stateOf(this.#disk.logs.get(name)));
  }

  async read(name: LogName, range: Range): Promise<Page<StoredEntry>> {
    this.#check();
    const log = this.#disk.logs.get(name);
    if (!log || log.head === 0) return { ...EMPTY, entries: [], has_more: false };
    const now = this.#now();
    return pageOf(log, range, (offset) => {
      const entry = log.entries.get(offset);
      return entry && storedEntry(entry, now);
    });
  }

  async readInbox(user: string, range: Range): Promise<Page<StoredPointer>> {
    this.#check();
    const inbox = this.#disk.logs.get(inboxLog(user));
    if (!inbox || inbox.head === 0) return { ...EMPTY, entries: [], has_more: false };
    const now = this.#now();
    const { thread: _, ...whole } = range;
    return pageOf(inbox, whole, (offset) => {
      const pointer = inbox.pointers.get(offset);
      return pointer && storedPointer(pointer, offset, now);
    });
  }

  async locate(name: LogName, id: string): Promise<StoredEntry | null> {
    this.#check();
    const log = this.#disk.logs.get(name);
    for (const entry of log?.entries.values() ?? []) {
      if (entry.id === id && entry.offset >= (log?.first ?? 0)) return storedEntry(entry, this.#now());
    }
    return null;
  }

  async cursor(user: string, device: string): Promise<number | null> {
    this.#check();
    return this.#disk.cursors.get(`${user} ${device}`) ?? null;
  }

  async saveCursors(
    cursors: readonly { readonly user: string; readonly device: string; readonly inbox: number }[],
  ): Promise<void> {
    const copy = cursors.map((cursor) => ({ ...cursor }));
    await this.#hand(0, () => {
      for (const { user, device, inbox } of copy) this.#disk.saveCursor(user, device, inbox);
      return [];
    });
  }

  async get(collection: string, key: string): Promise<StoredRecord | null> {
    this.#check();
    const row = this.#disk.records.get(collection)?.get(key);
    return row ? { key, value: JSON.parse(row.json), version: row.version } : null;
  }

  async list(collection: string, prefix: string, page: KeyPage): Promise<StoredRecord[]> {
    this.#check();
    const rows = this.#disk.records.get(collection) ?? new Map<string, { json: string; version: number }>();
    const { after = '' } = page;
    return [...rows]
      .filter(([key]) => key.startsWith(prefix) && compareUtf8(key, after) > 0)
      .sort(([a], [b]) => compareUtf8(a, b))
      .slice(0, page.limit)
      .map(([key, { json, version }]) => ({ key, value: JSON.parse(json), version }));
  }

  async search({ words, logs, limit, after }: SearchQuery): Promise<SearchResult> {
    this.#check();
    const terms = queryTerms(words);
    const wanted = new Set(logs);
    const before = after === undefined ? Number.POSITIVE_INFINITY : Number(after);
    const now = this.#now();
    const hits: SearchResult['hits'][number][] = [];
    for (let i = this.#disk.bySeq.length - 1; i >= 0; i--) {
      const entry = this.#disk.bySeq[i];
      if (!entry?.text || !(entry.seq < before) || !wanted.has(entry.log) || entry.expires_at <= now) continue;
      if (!matchesTerms(wordsOf(entry.text), terms)) continue;
      const last = hits.at(-1);
      if (hits.length === limit) return { hits, next: String(seqOf(this.#disk, last)) };
      hits.push({ log: entry.log, entry: storedEntry(entry, now), snippet: snippetOf(entry.text, terms) });
    }
    return { hits };
  }

  async trim(now: number): Promise<number> {
    let trimmed = 0;
    await this.#hand(0, () => {
      trimmed = this.#disk.trim(now);
      return [];
    });
    return trimmed;
  }

  health(): StoreHealth {
    return { ok: this.#state === 'open', damage: [], waiting: this.#waitingCommands, wal_bytes: 0, index_lag: 0 };
  }

  async close(): Promise<void> {
    if (this.#state === 'open') this.#state = 'closed';
    await this.#tail;
  }

  crash(kept = 0): void {
    this.#state = 'crashed';
    const waiting = this.#waiting.splice(0);
    this.#waitingCommands = 0;
    for (const call of waiting.slice(0, kept)) call.apply();
    for (const call of waiting) call.fail(new StoreUnavailableError('the store crashed'));
  }

  #check(): void {
    if (this.#state !== 'open') throw new StoreUnavailableError(`the store is ${this.#state}`);
  }

  #hand(size: number, apply: () => Outcome[]): Promise<Outcome[]> {
    if (this.#state !== 'open') return unavailable(`the store is ${this.#state}`);
    return new Promise((resolve, reject) => {
      const call: Waiting = { size, apply, fail: reject };
      this.#waiting.push(call);
      this.#waitingCommands += size;
      const settled = this.#settle();
      this.#tail = this.#tail
        .then(() => settled)
        .then(() => {
          if (this.#waiting[0] !== call) return;
          this.#waiting.shift();
          this.#waitingCommands -= size;
          resolve(apply());
        })
        .catch(reject);
    });
  }
}

function unavailable(reason: string): Promise<never> {
  return Promise.reject(new StoreUnavailableError(reason));
}

function stateOf(log: MemoryLog | undefined): LogState {
  return log && log.head > 0 ? { first: log.first, head: log.head } : EMPTY;
}

function pageOf<E extends StoredEntry>(log: MemoryLog, range: Range, at: (offset: number) => E | undefined): Page<E> {
  const above = Math.max(range.after ?? 0, log.first - 1);
  const below = Math.min(range.before ?? log.head + 1, log.head + 1);
  const candidates: E[] = [];
  for (const offset of offsetsOf(log, { above, below, upward: range.after !== undefined, thread: range.thread })) {
    if (candidates.length > range.limit) break;
    const entry = at(offset);
    if (entry) candidates.push(entry);
  }
  const { entries, has_more } = cutPage(candidates, range);
  if (range.after === undefined) entries.reverse();
  const gap = retentionGap(range.after, log.first);
  return { ...stateOf(log), entries, has_more, ...(gap && { gap }) };
}

interface Walk {
  readonly above: number;
  readonly below: number;
  readonly upward: boolean;
  readonly thread: string | undefined;
}

function* offsetsOf(log: MemoryLog, { above, below, upward, thread }: Walk): Generator<number> {
  if (thread !== undefined) {
    const offsets = (log.threads.get(thread) ?? []).filter((offset) => offset > above && offset < below);
    yield* upward ? offsets : offsets.reverse();
  } else if (upward) for (let offset = above + 1; offset < below; offset++) yield offset;
  else for (let offset = below - 1; offset > above; offset--) yield offset;
}

function storedEntry(entry: MemoryEntry, now: number): StoredEntry {
  const { offset, at, id, sender, envelope, thread } = entry;
  const gone = entry.gone ?? (entry.expires_at <= now ? 'expired' : undefined);
  if (!gone) return { offset, at, id, sender, envelope };
  return { offset, at, id, sender, envelope: null, gone, ...(thread === undefined ? {} : { thread }) };
}

function storedPointer({ entry, reason }: MemoryPointer, inbox: number, now: number): StoredPointer {
  return { ...storedEntry(entry, now), inbox, reason, log: entry.log };
}

function seqOf(disk: MemoryDisk, hit: SearchResult['hits'][number] | undefined): number {
  return (hit && disk.logs.get(hit.log)?.entries.get(hit.entry.offset)?.seq) ?? 0;
}

/** Code points order as their UTF-8 bytes do; UTF-16 units do not. */
function compareUtf8(a: string, b: string): number {
  let i = 0;
  while (i < a.length && i < b.length && a[i] === b[i]) i++;
  if (i > 0 && isLowSurrogate(a.charCodeAt(i))) i--;
  return (a.codePointAt(i) ?? -1) - (b.codePointAt(i) ?? -1);
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
