import type { ConversationInfo, InboxItem, LogName } from '@konferenco/protocol';
import { LOCAL_TABLES, type LocalStore, type LocalStoreError, type LocalTable } from '../storage/local-store.ts';
import type { RowWriter } from '../sync/scope-rows.ts';
import type { ClientEvents, Environment, OutboxEntry } from '../types.ts';
import { isConversation, lineOf } from './entry.ts';
import type { Keeping } from './keeping.ts';
import { KeptLog, type KeptLogHost } from './kept-log.ts';
import { KeptPeople, usersIn } from './kept-people.ts';
import type { LogRow } from './log-row.ts';
import { readRows } from './read-rows.ts';
import type { DeviceUsage, KeepLimits } from './types.ts';
import { asStoreError, WriteBehind } from './write-behind.ts';

/** What a device keeps unless it is told otherwise; a store in memory far less. */
export const KEEP: KeepLimits = { entries: 100_000, bytes: 200_000_000 };
export const KEEP_IN_MEMORY: KeepLimits = { entries: 2_000, bytes: 4_000_000 };
/** Dropped beyond what is too much, as a share, so that dropping is rare. */
const SLACK = 0.05;
/** Entries deleted in one write. */
const DROP_BATCH = 1_000;
/** No entry of a conversation is kept for a shorter time. */
const RETENTION_MIN_MS = 30 * 86_400_000;
/** Own entries of this time are offered anew to another store. */
const OFFER_MS = 86_400_000;
const PERSON = 'person';
const EPOCH = 'epoch';

export interface KeptOptions {
  readonly store: LocalStore;
  /** Other programs of the device write the same store. */
  readonly isShared: boolean;
  readonly environment: Pick<Environment, 'now' | 'after' | 'exclusively'>;
  /** The server's time, as far as known (Unix ms). */
  readonly now: () => number;
  readonly keep: Partial<KeepLimits> | undefined;
  readonly failed: (fault: ClientEvents['storage']) => void;
}

/** Everything one person's device keeps of conversations: loaded once, then written behind what is shown. */
export class Kept implements Keeping {
  readonly people: KeptPeople;
  readonly #options: KeptOptions;
  readonly #writes: WriteBehind;
  readonly #keep: KeepLimits;
  readonly #logs = new Map<LogName, KeptLog>();
  #owner: string | null = null;
  #epoch: string | null = null;
  #told = new Set<string>();
  #isTrimming = false;

  constructor(options: KeptOptions) {
    const { store, isShared, environment, now } = options;
    this.#options = options;
    this.#keep = { ...(store.kind === 'memory' ? KEEP_IN_MEMORY : KEEP), ...options.keep };
    this.#writes = new WriteBehind({
      store,
      isShared,
      environment,
      makeRoom: () => this.#makeRoom(DROP_BATCH),
      failed: (error) => this.#failed(error),
    });
    this.people = new KeptPeople(this.#writes, now);
  }

  get epoch(): string | null {
    return this.#epoch;
  }

  set epoch(epoch: string | null) {
    if (epoch === this.#epoch) return;
    this.#epoch = epoch;
    this.#writes.put('meta', EPOCH, epoch);
  }

  log(name: LogName): KeptLog {
    const known = this.#logs.get(name);
    if (known) return known;
    const { store, now } = this.#options;
    const host: KeptLogHost = {
      store,
      writes: this.#writes,
      now,
      failed: (error) => this.#failed(error),
      epoch: () => this.#epoch,
      isOpen: () => this.#owner !== null,
      grown: () => this.#bound(),
    };
    const log = new KeptLog(name, host);
    this.#logs.set(name, log);
    return log;
  }

  get infos(): readonly ConversationInfo[] {
    return [...this.#logs.values()].flatMap(({ row }) => row.info ?? []);
  }

  keepInfos(infos: readonly ConversationInfo[]): void {
    const logs = new Set(infos.map(({ log }) => log));
    for (const kept of this.#logs.values()) if (!logs.has(kept.log)) kept.note({ info: undefined });
    for (const info of infos) this.log(info.log).note({ info: lineOf(info) });
    this.people.learn(infos.flatMap(({ peer }) => peer ?? []));
  }

  keepItem(item: InboxItem): void {
    if (isConversation(item.log)) this.log(item.log).put([item]);
  }

  learnFrom(response: unknown): void {
    this.people.learn(usersIn(response));
  }

  async open(person: string): Promise<void> {
    if (this.#owner === person) return;
    const { store } = this.#options;
    try {
      const known = (await store.get('meta', PERSON)) as string | undefined;
      if (known !== undefined && known !== person) await this.#drop(LOCAL_TABLES);
      const all = { prefix: '', limit: Number.MAX_SAFE_INTEGER };
      const [logs, people, epoch] = await Promise.all([
        readRows(store, 'logs', all),
        readRows(store, 'people', all),
        store.get('meta', EPOCH),
      ]);
      this.#epoch = (epoch as string | undefined) ?? null;
      for (const { key, value } of logs) this.log(key).load(value as LogRow);
      this.people.load(people.map(({ value }) => value));
      if (known !== person) this.#writes.put('meta', PERSON, person);
    } catch (thrown) {
      this.#failed(asStoreError(thrown));
    }
    this.#owner = person;
    void this.#dropExpired();
  }

  renew(epoch: string, offer: (entries: readonly OutboxEntry[]) => Promise<void>): void {
    const logs = [...this.#logs.keys()];
    const work = this.#writes.alone(async () => {
      // Another program of the same store was told before.
      if ((await this.#options.store.get('meta', EPOCH)) === epoch) return;
      await offer(await this.#ownEntries(logs));
      await this.#options.store.drop('entries', '');
      await this.#options.store.write([{ table: 'meta', key: EPOCH, value: epoch }]);
    });
    work.catch((thrown: unknown) => this.#failed(asStoreError(thrown)));
    this.#epoch = epoch;
    for (const log of this.#logs.values()) log.reset();
  }

  get store(): LocalStore {
    return this.#options.store;
  }

  /** Where other parts put rows that are to be written together, in the order of putting. */
  get rows(): RowWriter {
    return this.#writes;
  }

  written(): Promise<boolean> {
    return this.#writes.written();
  }

  flush(): Promise<boolean> {
    return this.#writes.flush();
  }

  async forget(unsent: boolean): Promise<void> {
    this.#owner = null;
    this.#epoch = null;
    this.#told.clear();
    for (const log of this.#logs.values()) log.retire();
    this.#logs.clear();
    this.people.load([]);
    this.#writes.clear();
    // Without the unsent, whose they are has to stay known.
    const tables = LOCAL_TABLES.filter((table) => unsent || (table !== 'outbox' && table !== 'meta'));
    try {
      await this.#writes.alone(() => this.#drop(tables));
    } catch (thrown) {
      this.#failed(asStoreError(thrown));
    }
  }

  async usage(): Promise<DeviceUsage> {
    const platform = await this.#options.store.usage();
    return { ...platform, ...this.#total(), keep: this.#keep, kind: this.#options.store.kind };
  }

  #total(): { readonly entries: number; readonly entry_bytes: number } {
    let entries = 0;
    let entry_bytes = 0;
    for (const { row } of this.#logs.values()) {
      entries += row.entries;
      entry_bytes += row.bytes;
    }
    return { entries, entry_bytes };
  }

  /** Keeps within the bound. */
  #bound(): void {
    const { entries, entry_bytes } = this.#total();
    const share = Math.max(entries / this.#keep.entries, entry_bytes / this.#keep.bytes);
    if (share <= 1 || this.#isTrimming) return;
    this.#isTrimming = true;
    const surplus = Math.ceil(entries * (1 - (1 - SLACK) / share));
    const work = this.#writes.alone(() => this.#makeRoom(surplus));
    work
      .catch((thrown: unknown) => this.#failed(asStoreError(thrown)))
      .finally(() => {
        this.#isTrimming = false;
      });
  }

  /** Drops about so many entries: the oldest of the conversations that nobody opened for longest. */
  async #makeRoom(count: number): Promise<boolean> {
    let left = count;
    for (const log of [...this.#logs.values()].sort((a, b) => a.row.opened_at - b.row.opened_at)) {
      while (left > 0) {
        const dropped = await log.dropOldest(Math.min(left, DROP_BATCH));
        if (dropped === 0) break;
        left -= dropped;
      }
    }
    return left < count;
  }

  async #dropExpired(): Promise<void> {
    const before = this.#options.now() - RETENTION_MIN_MS;
    try {
      for (const log of [...this.#logs.values()]) {
        const { oldest_at } = log.row;
        if (oldest_at > 0 && oldest_at < before) await this.#writes.alone(() => log.dropExpired());
      }
    } catch (thrown) {
      this.#failed(asStoreError(thrown));
    }
  }

  async #ownEntries(logs: readonly LogName[]): Promise<readonly OutboxEntry[]> {
    const { now } = this.#options;
    const since = now() - OFFER_MS;
    const own: OutboxEntry[] = [];
    for (const log of logs) own.push(...(await this.#ownSince(log, since)));
    return own.sort((a, b) => a.created_at - b.created_at);
  }

  async #ownSince(log: LogName, since: number): Promise<readonly OutboxEntry[]> {
    const { store } = this.#options;
    const own: OutboxEntry[] = [];
    let before: string | undefined;
    for (;;) {
      const rows = await readRows(store, 'entries', {
        prefix: `${log}/`,
        limit: 100,
        backwards: true,
        ...(before === undefined ? {} : { before }),
      });
      for (const { key, value } of rows) {
        before = key;
        const { at = since, envelope } = value as { at?: number; envelope?: { id: string; from: { user_id: string } } };
        if (at < since) return own;
        if (envelope?.from.user_id === this.#owner)
          own.push({ id: envelope.id, log, envelope: JSON.stringify(envelope), created_at: at });
      }
      if (rows.length < 100) return own;
    }
  }

  async #drop(tables: readonly LocalTable[]): Promise<void> {
    for (const table of tables) await this.#options.store.drop(table, '');
  }

  #failed(error: LocalStoreError): void {
    if (this.#told.has(error.fault)) return;
    this.#told.add(error.fault);
    this.#options.failed({ fault: error.fault, message: error.message });
  }
}
