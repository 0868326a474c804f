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
  readonly lock: string;
  readonly aside: (count: number) => string;
}

/** Stores as SQLite databases, one for each account. */
export function sqliteBackend(platform: SqlitePlatform, steps: readonly SqliteStep[] = SQLITE_STEPS): LocalBackend {
  const place = { platform, steps };
  return {
    async open(account) {
      const files = filesOf(storeName(account));
      await asFault(async () => {
        if (await isUnfinished(platform, files)) await exclusively(platform, files, () => finish(platform, files));
      });
      return sqliteStore({ platform, name: files.current, steps });
    },
    recover: (account) => {
      const files = filesOf(storeName(account));
      return asFault(() => exclusively(platform, files, () => recover(place, files)));
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
    lock: `${name}.lock.sqlite`,
    aside: (count) => `${name}.damaged-${count}.sqlite`,
  };
}

interface Place {
  readonly platform: SqlitePlatform;
  readonly steps: readonly SqliteStep[];
}

/**
 * Moving files is for one program at a time. Another one that holds the lock is not waited for: a driver that waits
 * would keep this whole program waiting.
 */
async function exclusively<T>(platform: SqlitePlatform, { lock }: Files, work: () => Promise<T>): Promise<T> {
  const driver = await platform.open(lock);
  try {
    await driver.exec('BEGIN EXCLUSIVE');
    return await work();
  } finally {
    await driver.close();
  }
}

async function recover(place: Place, files: Files): Promise<Recovered> {
  const { platform, steps } = place;
  const name = files.current;
  const other = await recoveredMeanwhile(place, files);
  if (other) return other;
  const { saved, lost } = await rebuild(place, files);
  await finish(platform, files);
  return { store: await sqliteStore({ platform, name, steps }), saved, lost };
}

/** The store that another program put into place between this one's finding the damage and having the lock. */
async function recoveredMeanwhile({ platform, steps }: Place, { current }: Files): Promise<Recovered | null> {
  try {
    const store = await sqliteStore({ platform, name: current, steps });
    try {
      const { length } = await store.list('outbox', { prefix: '', limit: Number.MAX_SAFE_INTEGER });
      return { store, saved: length, lost: null };
    } catch (error) {
      await store.close();
      throw error;
    }
  } catch (error) {
    if (error instanceof LocalStoreError && error.fault === 'damaged') return null;
    throw error;
  }
}

/** Makes `fresh` out of what can be read of the damaged database, which is only ever read through a copy. */
async function rebuild(
  { platform, steps }: Place,
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

async function isUnfinished(platform: SqlitePlatform, { fresh }: Files): Promise<boolean> {
  return (await platform.names()).includes(fresh);
}

/** Puts a complete `fresh` into place. Every step may be repeated, so that an interrupted recovery ends here. */
async function finish(platform: SqlitePlatform, files: Files): Promise<void> {
  const names = await platform.names();
  if (!names.includes(files.fresh)) return;
  if (names.includes(files.current)) {
    let count = 1;
    while (names.includes(files.aside(count))) count++;
    await platform.rename(files.current, files.aside(count));
  }
  await platform.rename(files.fresh, files.current);
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
