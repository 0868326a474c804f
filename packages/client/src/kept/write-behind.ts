import { type LocalChange, type LocalStore, LocalStoreError, type LocalTable } from '../storage/local-store.ts';
import type { Environment } from '../types.ts';

/** After a write that failed, the next try. */
export const WRITE_AGAIN_MS = 15_000;
/** Held by whoever reads rows to write them anew. */
const ROWS_LOCK = 'konferenco-rows';
/** Rows held for a store that does not take them; beyond that they are given up, and nobody is told that they are kept. */
export const WAITING_MAX = 5_000;

export interface WriteBehindOptions {
  readonly store: LocalStore;
  /** Other programs write the same store. */
  readonly isShared: boolean;
  readonly environment: Pick<Environment, 'after' | 'exclusively'>;
  /** Frees room on the device; false when there is nothing to give up. */
  readonly makeRoom: () => Promise<boolean>;
  readonly failed: (error: LocalStoreError) => void;
}

/** Rows that belong together, made in the moment in which they are written. */
export interface LateRows {
  /** `shared`: what others write too, and nobody else does until this was written; `null` when there are no others. */
  readonly make: (shared: LocalStore | null) => Promise<readonly LocalChange[]>;
  /** What was made last is in the store. */
  readonly written: () => void;
}

/** A row to write. `undefined` deletes. */
interface KnownRow {
  readonly table: LocalTable;
  readonly key: string;
  /** Taken when its batch closes. */
  readonly value: () => unknown;
  /** The value with what another program of the same store wrote there. */
  readonly merge?: (stored: unknown) => unknown;
}
type Row = KnownRow | LateRows;
type Rows = Map<string, Row>;

/** Rows that are written together, and who is to be told. */
interface Batch {
  readonly rows: Rows;
  readonly told: readonly ((kept: boolean) => void)[];
}

/**
 * Gathers rows and writes them in batches, one at a time, in the order of their coming: what comes while one is being
 * written is the next. Nobody waits for it to show something.
 */
export class WriteBehind {
  readonly #options: WriteBehindOptions;
  #waiting: Rows = new Map();
  #told: ((kept: boolean) => void)[] = [];
  /** Closed batches, oldest first; the first is being written. */
  #batches: Batch[] = [];
  #chain: Promise<unknown> = Promise.resolve();
  #planned: (() => void) | null = null;
  /** Something was given up: from now on nothing counts as kept. */
  #isLossy = false;

  constructor(options: WriteBehindOptions) {
    this.#options = options;
  }

  put(table: LocalTable, key: string, value: unknown): void {
    this.#add(nameOf(table, key), { table, key, value: () => value });
  }

  /** Of a row that changes often, and in several programs: `value` gives it as it is when its batch closes, `merge` adds what is stored. */
  putMerged<T>(table: LocalTable, key: string, value: () => T, merge: (value: T, stored: unknown) => T): void {
    let closed: T | undefined;
    this.#add(nameOf(table, key), {
      table,
      key,
      value: () => {
        closed = value();
        return closed;
      },
      merge: (stored) => merge(closed ?? value(), stored),
    });
  }

  /** Rows under one name, in the place of those put under it before. */
  putLate(name: string, rows: LateRows): void {
    this.#add(name, rows);
  }

  /** What is to be written under this key: `undefined` when nothing is, `{ value: undefined }` when it is to be deleted. */
  peek(table: LocalTable, key: string): { readonly value: unknown } | undefined {
    const name = nameOf(table, key);
    const row = this.#waiting.get(name) ?? this.#batches.findLast(({ rows }) => rows.has(name))?.rows.get(name);
    return row && 'value' in row ? { value: row.value() } : undefined;
  }

  /** Resolves once everything put so far is in the store: true; or false when some of it was given up. */
  written(): Promise<boolean> {
    if (this.#isLossy) return Promise.resolve(false);
    if (this.#waiting.size === 0 && this.#batches.length === 0) return Promise.resolve(true);
    return new Promise((resolve) => this.#told.push(resolve));
  }

  /** {@link written}, without waiting for the usual moment. */
  flush(): Promise<boolean> {
    const written = this.written();
    this.#write();
    return written;
  }

  /** Runs `work` on the store after what was put so far was written, or tried, and before what comes later. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    this.#write();
    const done = this.#chain.then(work);
    this.#chain = done.catch(() => undefined);
    return done;
  }

  /** Forgets what was not written. */
  clear(): void {
    this.#cancel();
    this.#waiting = new Map();
    this.#isLossy = false;
    this.#tell(this.#told.splice(0));
  }

  #add(name: string, row: Row): void {
    // Written last is what came last.
    this.#waiting.delete(name);
    this.#waiting.set(name, row);
    if (this.#planned || this.#batches.length > 0) return;
    this.#planned = () => {};
    queueMicrotask(() => this.#planned && this.#write());
  }

  #cancel(): void {
    this.#planned?.();
    this.#planned = null;
  }

  #write(): void {
    this.#cancel();
    if (this.#waiting.size === 0) return;
    const rows: Rows = new Map();
    for (const [name, row] of this.#waiting) {
      rows.set(name, 'value' in row ? closed(row) : row);
    }
    const batch: Batch = { rows, told: this.#told };
    this.#waiting = new Map();
    this.#told = [];
    this.#batches.push(batch);
    this.#chain = this.#chain.then(() => this.#writeBatch(batch));
  }

  async #writeBatch(batch: Batch): Promise<void> {
    const error = await this.#tryWrite(batch.rows);
    this.#batches = this.#batches.filter((other) => other !== batch);
    if (error) return this.#again(batch, error);
    for (const row of batch.rows.values()) if ('written' in row) row.written();
    this.#tell(batch.told);
    if (this.#batches.length > 0) return;
    if (this.#waiting.size > 0) this.#write();
    else this.#tell(this.#told.splice(0));
  }

  /** Between reading what others wrote and writing it anew, nobody else may write. */
  async #tryWrite(rows: Rows): Promise<LocalStoreError | null> {
    const { isShared, environment } = this.#options;
    const reads = isShared && [...rows.values()].some((row) => 'make' in row || row.merge);
    try {
      return await (reads ? environment.exclusively(ROWS_LOCK, () => this.#writeRows(rows)) : this.#writeRows(rows));
    } catch (thrown) {
      return asStoreError(thrown);
    }
  }

  async #writeRows(rows: Rows): Promise<LocalStoreError | null> {
    const { store, makeRoom } = this.#options;
    let changes: readonly LocalChange[] = [];
    try {
      changes = (await Promise.all([...rows.values()].map((row) => this.#changesOf(row)))).flat();
      await store.write(changes);
      return null;
    } catch (thrown) {
      const error = asStoreError(thrown);
      if (error.fault !== 'full') return error;
    }
    try {
      await makeRoom();
      await store.write(changes);
      return null;
    } catch (thrown) {
      return asStoreError(thrown);
    }
  }

  async #changesOf(row: Row): Promise<readonly LocalChange[]> {
    const { store, isShared } = this.#options;
    if ('make' in row) return row.make(isShared ? store : null);
    const { table, key, value, merge } = row;
    const stored = isShared && merge ? await store.get(table, key) : undefined;
    return [{ table, key, value: stored === undefined || !merge ? value() : merge(stored) }];
  }

  #again({ rows, told }: Batch, error: LocalStoreError): void {
    this.#options.failed(error);
    const newer = [...this.#batches.map((batch) => batch.rows), this.#waiting];
    const older = [...rows].filter(([name]) => !newer.some((known) => known.has(name)));
    this.#waiting = new Map([...older, ...this.#waiting]);
    this.#told.unshift(...told);
    const surplus = this.#waiting.size - WAITING_MAX;
    if (surplus > 0) {
      this.#isLossy = true;
      for (const name of [...this.#waiting.keys()].slice(0, surplus)) this.#waiting.delete(name);
      this.#tell(this.#told.splice(0));
    }
    this.#cancel();
    this.#planned = this.#options.environment.after(WRITE_AGAIN_MS, () => this.#write());
  }

  #tell(told: readonly ((kept: boolean) => void)[]): void {
    for (const tell of told) tell(!this.#isLossy);
  }
}

/** The row with the value that it has now. */
function closed(row: KnownRow): KnownRow {
  const value = row.value();
  return { ...row, value: () => value };
}

function nameOf(table: LocalTable, key: string): string {
  return `${table} ${key}`;
}

/** Whatever a store threw, as a {@link LocalStoreError}. */
export function asStoreError(thrown: unknown): LocalStoreError {
  return thrown instanceof LocalStoreError ? thrown : new LocalStoreError('unavailable', String(thrown), thrown);
}
