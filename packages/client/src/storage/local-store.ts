/**
 * The tables of a device's store, and what their keys are made of. Numbers in keys are written with
 * {@link sortableNumber}, so that keys sort as their parts do.
 *
 * - `outbox`: `{id}`, an {@link import('../types.ts').OutboxEntry}
 * - `entries`: `{log}/{offset}`, one entry of a conversation log, or of the inbox, as it came
 * - `logs`: `{log}`, how far the device has this log, its read mark and what the conversation list says of it
 * - `documents`: `{namespace}/{scope}/{document}`, a replicated document's state
 * - `versions`: `{namespace}/{scope}`, what the documents of the scope include, and when that was last checked
 * - `people`: `{user}`, profiles seen, partial and of limited number
 * - `meta`: who this is, the store's epoch, what was typed into minutes and is not in the outbox yet
 */
export const LOCAL_TABLES = ['outbox', 'entries', 'logs', 'documents', 'versions', 'people', 'meta'] as const;
export type LocalTable = (typeof LOCAL_TABLES)[number];

/** A row to write: any JSON value; `undefined` deletes. */
export interface LocalChange {
  readonly table: LocalTable;
  readonly key: string;
  readonly value: unknown;
}

export interface LocalRow {
  readonly key: string;
  readonly value: unknown;
}

export interface LocalRange {
  /** Only keys that begin with this. */
  readonly prefix: string;
  /** Exclusive bounds, whole keys. */
  readonly after?: string;
  readonly before?: string;
  /** Rows at the most. */
  readonly limit: number;
  /** Highest key first. */
  readonly backwards?: boolean;
}

/** Bytes this program uses on the device and may use, as far as the platform says; `persisted`: the platform promises not to evict them. */
export interface LocalUsage {
  readonly bytes: number | null;
  readonly quota: number | null;
  readonly persisted: boolean;
}

/**
 * What one account keeps on one device: versioned tables of JSON rows in key order (UTF-16 units).
 *
 * Every store keeps, and the contract suite checks:
 * - `write` is all or nothing, and resolves when the change survives the end of the program (and of the browser).
 * - Reads see every write that resolved before, from whichever tab.
 * - Damage is never returned as data.
 */
export interface LocalStore {
  /** `durable`: survives the program's end. `memory`: private mode and the like; the person is told. */
  readonly kind: 'durable' | 'memory';
  /** @throws {LocalStoreError} */
  write(changes: readonly LocalChange[]): Promise<void>;
  get(table: LocalTable, key: string): Promise<unknown>;
  list(table: LocalTable, range: LocalRange): Promise<readonly LocalRow[]>;
  /** Deletes every row whose key begins with `prefix`. */
  drop(table: LocalTable, prefix: string): Promise<void>;
  usage(): Promise<LocalUsage>;
  close(): Promise<void>;
}

/**
 * Why the store could not do it:
 * - `full`: no room on the device, or the browser's quota; nothing of the write took effect
 * - `damaged`: rows or the whole store cannot be read
 * - `newer`: written by a newer version of this program
 * - `unavailable`: there is no such store here, or it is closed or held elsewhere
 */
export type LocalStoreFault = 'full' | 'damaged' | 'newer' | 'unavailable';

export class LocalStoreError extends Error {
  override readonly name = 'LocalStoreError';
  readonly fault: LocalStoreFault;
  /** Of a read that met damaged rows: their keys, so that they can be dropped and fetched again. Otherwise empty. */
  readonly keys: readonly string[];

  constructor(fault: LocalStoreFault, message: string, cause?: unknown, keys: readonly string[] = []) {
    super(message, { cause });
    this.fault = fault;
    this.keys = keys;
  }
}

const DIGITS = 16;

/** A whole number from 0 to 2⁵³−1 as text that sorts as the number does. */
export function sortableNumber(value: number): string {
  return String(value).padStart(DIGITS, '0');
}
