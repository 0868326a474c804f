import type { LocalBackend, Recovered } from './local-backend.ts';
import { LocalStoreError } from './local-store.ts';
import type { SqlitePlatform } from './sqlite-driver.ts';
import { salvageOutbox } from './sqlite-salvage.ts';
import { SQLITE_STEPS, type SqliteStep, storeFault } from './sqlite-schema.ts';
import { sqliteStore } from './sqlite-store.ts';
import { storeName, storeOf } from './store-name.ts';

/** The files of one account. `fresh` is there only while a recovery is being finished, and is always complete. */
interface Files {
  readonly current: string;
  readonly fresh: string;
  readonly building: string;
  readonly copy: string;
  readonly aside: (count: number) => string;
}

/** Stores as SQLite databases, one for each account. */
export function sqliteBackend(platform: SqlitePlatform, steps: readonly SqliteStep[] = SQLITE_STEPS): LocalBackend {
  const files = { platform, steps };
  return {
    async open(account) {
      const { current } = await asFault(() => finish(platform, filesOf(storeName(account))));
      return sqliteStore({ platform, name: current, steps });
    },
    async recover(account): Promise<Recovered> {
      const of = filesOf(storeName(account));
      const { saved, lost } = await asFault(() => rebuild(files, of));
      await asFault(() => finish(platform, of));
      return { store: await sqliteStore({ platform, name: of.current, steps }), saved, lost };
    },
    async names() {
      return [...new Set((await asFault(() => platform.names())).flatMap((name) => storeOf(name) ?? []))];
    },
    async remove(name) {
      const all = await asFault(() => platform.names());
      for (const file of all) if (storeOf(file) === name) await asFault(() => platform.remove(file));
    },
  };
}

function filesOf(name: string): Files {
  return {
    current: `${name}.sqlite`,
    fresh: `${name}.fresh.sqlite`,
    building: `${name}.building.sqlite`,
    copy: `${name}.copy.sqlite`,
    aside: (count) => `${name}.damaged-${count}.sqlite`,
  };
}

/** Makes `fresh` out of what can be read of the damaged database, which is only ever read through a copy. */
async function rebuild(
  { platform, steps }: { readonly platform: SqlitePlatform; readonly steps: readonly SqliteStep[] },
  { current, fresh, building, copy }: Files,
): Promise<{ readonly saved: number; readonly lost: number | null }> {
  await platform.remove(building);
  await platform.remove(copy);
  await platform.copy(current, copy);
  const { rows, lost } = await salvageOutbox(platform, copy);
  const store = await sqliteStore({ platform, name: building, steps });
  try {
    await store.write([...rows].map(([key, value]) => ({ table: 'outbox', key, value })));
  } finally {
    await store.close();
  }
  await platform.rename(building, fresh);
  await platform.remove(copy);
  return { saved: rows.size, lost };
}

/** Puts a complete `fresh` into place. Every step may be repeated, so that an interrupted recovery ends here. */
async function finish(platform: SqlitePlatform, files: Files): Promise<Files> {
  const names = await platform.names();
  if (!names.includes(files.fresh)) return files;
  if (names.includes(files.current)) {
    let count = 1;
    while (names.includes(files.aside(count))) count++;
    await platform.rename(files.current, files.aside(count));
  }
  await platform.rename(files.fresh, files.current);
  return files;
}

async function asFault<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const fault = storeFault(error);
    if (fault instanceof LocalStoreError && fault.fault === 'damaged') {
      // Setting aside does not end by setting aside once more.
      throw new LocalStoreError('unavailable', fault.message, error);
    }
    throw fault;
  }
}
