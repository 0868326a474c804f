import { existsSync, rmSync } from 'node:fs';
import { type PositionStore, StoreUnavailableError } from '@konferenco/core';
import { type WorkerEvents, WorkerPort } from './worker-port.ts';
import { answerWith } from './positions-answer.ts';
import type { PositionRequests } from './positions-messages.ts';
import { PositionsTable } from './positions-table.ts';

export interface SqlitePositionsOptions {
  /** File of the database, made when the first person wants their positions kept. */
  readonly path: string;
  /** Unix ms. */
  readonly now: () => number;
  /** Told when the thread that has the database can do no more. Later calls start another. */
  readonly onFault: (error: Error) => void;
  /** All of it was restored from a copy: what people withdrew or erased since is in it again, so it begins empty. */
  readonly isRestored?: boolean;
}

type Requests = Omit<PositionRequests, 'open'>;
type Ask = <K extends keyof Requests & string>(
  operation: K,
  request: Requests[K]['request'],
) => Promise<Requests[K]['reply']>;

/** A database file of its own, in a thread that is started when something is kept or asked for. */
export function createSqlitePositions({ path, now, onFault, isRestored }: SqlitePositionsOptions): PositionStore {
  if (isRestored) for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true });
  const file = new PositionsFile(path, onFault);
  const store = overRequests((operation, request) => file.ask(operation, request), now);
  return {
    ...store,
    // Where nobody ever said yes there is no file, and none is made to find that out.
    consent: async (user) => (file.exists ? store.consent(user) : null),
    add: async (positions) => (file.exists ? store.add(positions) : 0),
    read: async (query) => (file.exists ? store.read(query) : []),
    withdraw: async (user, at) => (file.exists ? store.withdraw(user, at) : undefined),
    erase: async (user, at) => (file.exists ? store.erase(user, at) : undefined),
    maintain: async (at) => (file.exists ? store.maintain(at) : undefined),
    close: () => file.close(),
  };
}

/** Kept until the end of the process. */
export function createMemoryPositions({ now }: Pick<SqlitePositionsOptions, 'now'>): PositionStore {
  const table = new PositionsTable(':memory:');
  return overRequests(async (operation, request) => answerWith(table, operation, request), now);
}

function overRequests(ask: Ask, now: () => number): PositionStore {
  return {
    consent: (user) => ask('consent', user),
    allow: (user, consent) => ask('allow', { user, consent }),
    withdraw: async (user, at) => void (await ask('withdraw', { user, at })),
    add: (positions) => ask('add', { positions, now: now() }),
    read: (query) => ask('read', { query, now: now() }),
    erase: async (user, at) => void (await ask('erase', { user, at })),
    maintain: async (at) => void (await ask('maintain', { now: at })),
    close: async () => void (await ask('close', null)),
  };
}

/** The thread that has the database, begun with the first request and anew after a fault. */
class PositionsFile {
  readonly #path: string;
  readonly #onFault: (error: Error) => void;
  #port: Promise<WorkerPort<PositionRequests>> | null = null;
  #closed = false;

  constructor(path: string, onFault: (error: Error) => void) {
    this.#path = path;
    this.#onFault = onFault;
  }

  get exists(): boolean {
    return this.#port !== null || existsSync(this.#path);
  }

  async ask<K extends keyof Requests & string>(
    operation: K,
    request: Requests[K]['request'],
  ): Promise<Requests[K]['reply']> {
    if (this.#closed) throw new StoreUnavailableError('the positions are closed');
    this.#port ??= this.#open();
    return (await this.#port).request(operation, request);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const opening = this.#port;
    this.#port = null;
    // One that could not be opened has told whoever asked, and has nothing to close.
    const port = await opening?.catch(() => null);
    await port?.end('close');
  }

  #open(): Promise<WorkerPort<PositionRequests>> {
    const fault = (reason: string) => {
      if (this.#port === opening) this.#port = null;
      this.#onFault(new Error(`positions: ${reason}`));
    };
    const events: WorkerEvents = { damage: fault, broken: fault };
    const begin = async () => {
      const port = new WorkerPort<PositionRequests>(
        'positions',
        new URL('./positions-worker.ts', import.meta.url),
        events,
      );
      try {
        await port.request('open', { path: this.#path });
        return port;
      } catch (error) {
        port.kill();
        if (this.#port === opening) this.#port = null;
        throw error;
      }
    };
    const opening = begin();
    return opening;
  }
}
