import type { DocumentKey, DocumentState } from '@konferenco/core';
import { FORM } from '@konferenco/core/sync/stamp';
import type { SyncVersion } from '@konferenco/core/sync/sync-version';
import type { Envelope } from '@konferenco/protocol';
import type { LateRows } from '../kept/write-behind.ts';
import {
  type LocalChange,
  type LocalRange,
  type LocalStore,
  LocalStoreError,
  type LocalTable,
} from '../storage/local-store.ts';
import type { Documents } from './scope-state.ts';

/** Rows read at once. */
const PAGE = 500;

/** Where rows go: gathered, and written all or nothing, in the order of coming. */
export interface RowWriter {
  put(table: LocalTable, key: string, value: unknown): void;
  putLate(name: string, rows: LateRows): void;
}

/** What a scope's row in `versions` says beside the documents. */
export interface ScopeHead {
  readonly version: SyncVersion;
  /** When the scope was last known to be up to date (Unix ms); `null`: never. */
  readonly synced_at: number | null;
  /** Own operations that the server stored and whose entries have not come yet. */
  readonly stored: readonly Envelope[];
}

export interface KeptScope extends ScopeHead {
  readonly documents: Documents;
  /** Some of it could not be read: it has to be fetched anew. */
  readonly damaged: boolean;
}

const NO_HEAD: ScopeHead = { version: '', synced_at: null, stored: [] };

/**
 * Reads what a device keeps of a scope. Its head is read first: the documents read after it include at least what it
 * says, whoever writes meanwhile, and applying an operation again changes nothing.
 */
export async function readScope(store: LocalStore, scope: string): Promise<KeptScope> {
  const head = await readHead(store, scope);
  const documents = new Map<DocumentKey, DocumentState>();
  const prefix = `${scope}/`;
  const distrusted = headRow(scope, { ...(head ?? NO_HEAD), version: '' });
  let damaged = head === null;
  for (let after: string | undefined; ; ) {
    const range = { prefix, limit: PAGE, ...(after === undefined ? {} : { after }) };
    const read = await readPage(store, { table: 'documents', range, also: [distrusted] });
    damaged ||= read.damaged;
    for (const { key, value } of read.rows) {
      if (isReadable(value)) documents.set(key.slice(prefix.length), value);
      else damaged = true;
    }
    after = read.rows.at(-1)?.key;
    if (read.rows.length < PAGE || after === undefined) break;
  }
  return { ...(head ?? NO_HEAD), documents, damaged };
}

/** Names of the scopes that a device keeps, as their rows' keys say. */
export async function keptScopes(store: LocalStore): Promise<readonly string[]> {
  const { rows } = await readPage(store, { table: 'versions', range: { prefix: '', limit: PAGE }, also: [] });
  return rows.map(({ key }) => key);
}

export function headRow(scope: string, head: ScopeHead): LocalChange {
  return { table: 'versions', key: scope, value: head };
}

/** Without state, the document goes. */
export function documentRow(scope: string, key: DocumentKey, state: DocumentState | undefined): LocalChange {
  return { table: 'documents', key: `${scope}/${key}`, value: state };
}

/** Whether this program knows the form in which a document was kept: another version of it may have another. */
function isReadable(value: unknown): value is DocumentState {
  return (value as { readonly v?: unknown } | null)?.v === FORM;
}

/** `null`: it is there and cannot be read. */
export async function readHead(store: LocalStore, scope: string): Promise<ScopeHead | null> {
  try {
    const row = (await store.get('versions', scope)) as ScopeHead | undefined;
    return row ?? NO_HEAD;
  } catch (thrown) {
    if (!(thrown instanceof LocalStoreError) || thrown.fault !== 'damaged') throw thrown;
    return null;
  }
}

/** Keys of the documents that a device keeps of a scope. */
export async function keptDocuments(store: LocalStore, scope: string): Promise<readonly DocumentKey[]> {
  const prefix = `${scope}/`;
  try {
    const rows = await store.list('documents', { prefix, limit: Number.MAX_SAFE_INTEGER });
    return rows.map(({ key }) => key.slice(prefix.length));
  } catch (thrown) {
    if (!(thrown instanceof LocalStoreError) || thrown.fault !== 'damaged') throw thrown;
    return thrown.keys.map((key) => key.slice(prefix.length));
  }
}

/** Damaged rows are dropped, in one write with `also`, and what is left is read. */
async function readPage(
  store: LocalStore,
  page: { readonly table: LocalTable; readonly range: LocalRange; readonly also: readonly LocalChange[] },
) {
  const { table, range, also } = page;
  try {
    return { rows: await store.list(table, range), damaged: false };
  } catch (thrown) {
    if (!(thrown instanceof LocalStoreError) || thrown.fault !== 'damaged') throw thrown;
    await store.write([...thrown.keys.map((key) => ({ table, key, value: undefined })), ...also]);
    if (thrown.keys.length === 0) await store.drop(table, range.prefix);
    return { rows: await store.list(table, range), damaged: true };
  }
}
