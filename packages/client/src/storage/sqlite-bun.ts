import { Database, SQLiteError, type Statement } from 'bun:sqlite';
import type { LocalBackend } from './local-backend.ts';
import { sqliteBackend } from './sqlite-backend.ts';
import type { SqliteCall, SqliteLibrary, SqlitePlatform, SqliteValue } from './sqlite-driver.ts';
import { filePlatform } from './sqlite-files.ts';
import { StatementCache } from './sqlite-statements.ts';

type Row = Record<string, SqliteValue>;

/** Stores as SQLite files of one folder, on Bun. */
export function bunSqliteBackend(folder: string): LocalBackend {
  return sqliteBackend(bunSqlitePlatform(folder));
}

export function bunSqlitePlatform(folder: string): SqlitePlatform {
  return filePlatform(folder, openLibrary);
}

function openLibrary(path: string): SqliteLibrary {
  const database = new Database(path, { create: true, readwrite: true });
  const statements = new StatementCache<Statement<Row, SqliteValue[]>>({
    prepare: (sql) => database.prepare<Row, SqliteValue[]>(sql),
    finalize: (statement) => statement.finalize(),
  });
  return {
    exec: (sql) => void database.run(sql),
    all: ({ sql, values }: SqliteCall) => statements.get(sql).all(...values),
    close() {
      statements.clear();
      database.close();
    },
    codeOf: (thrown) => (thrown instanceof SQLiteError ? thrown.errno : null),
  };
}
