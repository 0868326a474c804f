import type { SqliteCall, SqlitePlatform } from '../storage/sqlite-driver.ts';
import { LocalStoreError } from '../storage/local-store.ts';
import { prepare, type SqliteStep, storeFault } from '../storage/sqlite-schema.ts';
import { type LocalAccount, storeName } from '../storage/store-name.ts';
import type { FileChange, FileStore } from './file-store.ts';

/** Bytes of a piece; a row of text holds one, in base 64. */
const PIECE_BYTES = 262_144;

const STEPS: readonly SqliteStep[] = [
  {
    version: 1,
    statements: [
      'CREATE TABLE records (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID',
      'CREATE TABLE files (key TEXT PRIMARY KEY, type TEXT NOT NULL, pieces INTEGER NOT NULL) WITHOUT ROWID',
      'CREATE TABLE pieces (key TEXT NOT NULL, piece INTEGER NOT NULL, bytes TEXT NOT NULL, PRIMARY KEY (key, piece)) WITHOUT ROWID',
    ],
  },
];

/** The account's files in an SQLite database of their own. @throws {LocalStoreError} */
export async function sqliteFileStore(platform: SqlitePlatform, account: LocalAccount): Promise<FileStore> {
  const driver = await guarded(async () => platform.open(`${storeName(account)}.files.sqlite`));
  await guarded(() => prepare(driver, STEPS));
  const all = (sql: string, ...values: readonly string[]) => guarded(async () => driver.all({ sql, values }));
  return {
    kind: 'durable',
    async write(changes) {
      const calls: SqliteCall[] = [];
      for (const change of changes) calls.push(...(await callsOf(change)));
      await guarded(async () => driver.transaction(calls));
    },
    async records(prefix) {
      const rows = await all(
        'SELECT key, value FROM records WHERE substr(key, 1, length(?1)) = ?1 ORDER BY key',
        prefix,
      );
      return rows.map(({ key, value }) => ({ key: String(key), value: JSON.parse(String(value)) as unknown }));
    },
    async blob(key) {
      const [file] = await all('SELECT type, pieces FROM files WHERE key = ?', key);
      if (!file) return undefined;
      const rows = await all('SELECT bytes FROM pieces WHERE key = ? ORDER BY piece', key);
      if (rows.length !== file['pieces'])
        throw new LocalStoreError('damaged', `Pieces of the file ${key} are missing.`);
      return new Blob(
        rows.map(({ bytes }) => bytesOf(String(bytes))),
        { type: String(file['type']) },
      );
    },
    clear: () =>
      guarded(async () =>
        driver.transaction(
          ['records', 'files', 'pieces'].map((table) => ({ sql: `DELETE FROM ${table}`, values: [] })),
        ),
      ),
    close: () => guarded(async () => driver.close()),
  };
}

async function callsOf({ table, key, value }: FileChange): Promise<readonly SqliteCall[]> {
  if (table === 'records') {
    if (value === undefined) return [{ sql: 'DELETE FROM records WHERE key = ?', values: [key] }];
    return [{ sql: 'INSERT OR REPLACE INTO records VALUES (?, ?)', values: [key, JSON.stringify(value)] }];
  }
  const calls: SqliteCall[] = [
    { sql: 'DELETE FROM files WHERE key = ?', values: [key] },
    { sql: 'DELETE FROM pieces WHERE key = ?', values: [key] },
  ];
  if (value === undefined) return calls;
  let pieces = 0;
  for (let at = 0; at < value.size; at += PIECE_BYTES) {
    const bytes = new Uint8Array(await value.slice(at, at + PIECE_BYTES).arrayBuffer());
    calls.push({ sql: 'INSERT INTO pieces VALUES (?, ?, ?)', values: [key, pieces++, textOf(bytes)] });
  }
  return [...calls, { sql: 'INSERT INTO files VALUES (?, ?, ?)', values: [key, value.type, pieces] }];
}

/** Characters that one call may be given as arguments. */
const AT_ONCE = 8_192;

function textOf(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += AT_ONCE) text += String.fromCharCode(...bytes.subarray(at, at + AT_ONCE));
  return btoa(text);
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw storeFault(error);
  }
}
