import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { LocalBackend } from './local-backend.ts';
import { sqliteBackend } from './sqlite-backend.ts';
import type { SqliteCall, SqliteLibrary, SqlitePlatform, SqliteValue } from './sqlite-driver.ts';
import { filePlatform } from './sqlite-files.ts';
import { StatementCache } from './sqlite-statements.ts';

/** Stores as SQLite files of one folder, on Node 22 and later. */
export function nodeSqliteBackend(folder: string): LocalBackend {
  return sqliteBackend(nodeSqlitePlatform(folder));
}

export function nodeSqlitePlatform(folder: string): SqlitePlatform {
  return filePlatform(folder, openLibrary);
}

function openLibrary(path: string): SqliteLibrary {
  const database = new DatabaseSync(path);
  const statements = new StatementCache<StatementSync>({
    prepare: (sql) => database.prepare(sql),
    // Closing the database finalizes them.
    finalize: () => {},
  });
  return {
    exec: (sql) => database.exec(sql),
    all: ({ sql, values }: SqliteCall) => statements.get(sql).all(...values) as Record<string, SqliteValue>[],
    close() {
      statements.clear();
      database.close();
    },
    codeOf: (thrown) => {
      const code = thrown instanceof Error && 'errcode' in thrown ? thrown.errcode : null;
      return typeof code === 'number' ? code : null;
    },
  };
}
