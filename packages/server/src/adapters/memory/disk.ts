import type { Append, Command, LogHead, Outcome, Pointer, PointerReason } from '@konferenco/core';
import { type Gone, inboxLog, LIMITS, type LogName } from '@konferenco/protocol';

export interface MemoryEntry {
  readonly log: LogName;
  readonly offset: number;
  readonly at: number;
  readonly id: string;
  readonly sender: string;
  readonly expires_at: number;
  readonly thread: string | undefined;
  /** Place in the order of commits. */
  readonly seq: number;
  envelope: string | null;
  text: string | undefined;
  gone: Gone | undefined;
}

export interface MemoryPointer {
  readonly entry: MemoryEntry;
  readonly reason: PointerReason;
}

/** A log holds entries, an inbox pointers, both by offset. */
export interface MemoryLog {
  first: number;
  head: number;
  readonly entries: Map<number, MemoryEntry>;
  readonly pointers: Map<number, MemoryPointer>;
  readonly threads: Map<string, number[]>;
}

type Obstacle = Exclude<Outcome, { kind: 'committed' }>;

/** What outlives a crash of a memory store: committed changes, applied one command at a time. */
export class MemoryDisk {
  readonly epoch: string;
  readonly logs = new Map<LogName, MemoryLog>();
  readonly records = new Map<string, Map<string, { readonly json: string; readonly version: number }>>();
  readonly cursors = new Map<string, number>();
  readonly bySeq: MemoryEntry[] = [];
  readonly #ids = new Map<string, MemoryEntry>();
  readonly #pointersTo = new Map<number, Set<LogName>>();
  #seq = 0;
  #lastAt = 0;

  constructor(epoch: string) {
    this.epoch = epoch;
  }

  /** Logs and inboxes that entries after the one of this place were added to; `null` when there are more entries than `most`. */
  grownSince(seq: number, most: number): readonly LogHead[] | null {
    const names = new Set<LogName>();
    let entries = 0;
    for (let i = this.bySeq.length - 1; i >= 0; i--) {
      const entry = this.bySeq[i];
      if (!entry || entry.seq <= seq) break;
      if (++entries > most) return null;
      names.add(entry.log);
      for (const inbox of this.#pointersTo.get(entry.seq) ?? []) names.add(inbox);
    }
    return [...names].map((name) => ({ name, head: this.logs.get(name)?.head ?? 0 }));
  }

  apply(command: Command, now: number): Outcome {
    const { appends = [], requires = [], changes = [], erases = [] } = command;
    const obstacle = this.#conflictOf(requires) ?? this.#repeatOf(appends);
    if (obstacle) return obstacle;
    this.#lastAt = Math.max(this.#lastAt, now);
    for (const { collection, key, value } of changes) this.#change(collection, key, value);
    const positions: { log: LogName; offset: number }[] = [];
    const pointers: Pointer[] = [];
    for (const append of appends) {
      const entry = this.#append(append);
      positions.push({ log: entry.log, offset: entry.offset });
      for (const { user, reason } of append.notify ?? [])
        pointers.push({ user, inbox: this.#point(user, entry, reason), reason });
    }
    for (const { log, offset } of erases) this.#blank(this.logs.get(log)?.entries.get(offset), 'erased');
    return { kind: 'committed', at: this.#lastAt, positions, pointers };
  }

  saveCursor(user: string, device: string, inbox: number): void {
    const key = `${user} ${device}`;
    this.cursors.set(key, Math.max(this.cursors.get(key) ?? inbox, inbox));
  }

  /** Blanks what has expired, raises `first` past it, and forgets what can no longer be offered again. @returns entries blanked */
  trim(now: number): number {
    let trimmed = 0;
    const touched = new Set<LogName>();
    for (const entry of this.bySeq) {
      if (entry.gone === 'expired' || entry.expires_at > now) continue;
      this.#blank(entry, 'expired');
      trimmed++;
      touched.add(entry.log);
      for (const inbox of this.#pointersTo.get(entry.seq) ?? []) touched.add(inbox);
    }
    for (const name of touched) this.#raise(name);
    this.#forget(now - LIMITS.id_age_ms - LIMITS.id_ahead_ms);
    return trimmed;
  }

  #append(append: Append): MemoryEntry {
    const log = this.#log(append.log);
    const { id, sender, expires_at, thread, text, envelope } = append;
    const offset = ++log.head;
    const entry: MemoryEntry = {
      ...{ log: append.log, offset, at: this.#lastAt, id, sender, expires_at, thread, seq: ++this.#seq },
      ...{ envelope, text, gone: undefined },
    };
    log.entries.set(offset, entry);
    if (thread !== undefined) log.threads.set(thread, [...(log.threads.get(thread) ?? []), offset]);
    this.#ids.set(`${sender} ${id}`, entry);
    this.bySeq.push(entry);
    return entry;
  }

  #point(user: string, entry: MemoryEntry, reason: PointerReason): number {
    const name = inboxLog(user);
    const inbox = this.#log(name);
    const offset = ++inbox.head;
    inbox.pointers.set(offset, { entry, reason });
    const inboxes = this.#pointersTo.get(entry.seq) ?? new Set();
    this.#pointersTo.set(entry.seq, inboxes.add(name));
    return offset;
  }

  #log(name: LogName): MemoryLog {
    let log = this.logs.get(name);
    if (!log) {
      log = { first: 1, head: 0, entries: new Map(), pointers: new Map(), threads: new Map() };
      this.logs.set(name, log);
    }
    return log;
  }

  #conflictOf(requires: NonNullable<Command['requires']>): Obstacle | null {
    for (const { collection, key, version } of requires) {
      const stands = this.records.get(collection)?.get(key)?.version ?? 0;
      if (stands !== version) return { kind: 'conflict', collection, key };
    }
    return null;
  }

  #repeatOf(appends: readonly Append[]): Obstacle | null {
    const own = new Set<string>();
    for (const { sender, id, log, envelope } of appends) {
      const name = `${sender} ${id}`;
      const stored = this.#ids.get(name);
      if (stored?.log === log && (stored.gone || stored.envelope === envelope)) {
        return { kind: 'duplicate', at: stored.at, position: { log, offset: stored.offset } };
      }
      if (stored || own.has(name)) return { kind: 'id_reused' };
      own.add(name);
    }
    return null;
  }

  #change(collection: string, key: string, value: unknown): void {
    const rows = this.records.get(collection) ?? new Map<string, { json: string; version: number }>();
    this.records.set(collection, rows);
    if (value === null || value === undefined) rows.delete(key);
    else rows.set(key, { json: JSON.stringify(value), version: (rows.get(key)?.version ?? 0) + 1 });
  }

  #blank(entry: MemoryEntry | undefined, gone: 'erased' | 'expired'): void {
    if (!entry || (gone === 'erased' && entry.gone)) return;
    entry.gone = gone;
    entry.envelope = null;
    entry.text = undefined;
  }

  #raise(name: LogName): void {
    const log = this.logs.get(name);
    if (!log) return;
    while (log.first <= log.head && isExpired(log, log.first)) {
      log.pointers.delete(log.first);
      log.first++;
    }
  }

  #forget(before: number): void {
    for (let i = this.bySeq.length - 1; i >= 0; i--) {
      const entry = this.bySeq[i];
      const log = entry && this.logs.get(entry.log);
      if (
        !entry ||
        !log ||
        entry.gone !== 'expired' ||
        entry.at >= before ||
        entry.offset >= log.first ||
        this.#isPointedTo(entry)
      )
        continue;
      log.entries.delete(entry.offset);
      this.#ids.delete(`${entry.sender} ${entry.id}`);
      this.#pointersTo.delete(entry.seq);
      this.bySeq.splice(i, 1);
    }
  }

  #isPointedTo(entry: MemoryEntry): boolean {
    for (const inbox of this.#pointersTo.get(entry.seq) ?? []) {
      for (const pointer of this.logs.get(inbox)?.pointers.values() ?? []) if (pointer.entry === entry) return true;
    }
    return false;
  }
}

function isExpired(log: MemoryLog, offset: number): boolean {
  const entry = log.entries.get(offset) ?? log.pointers.get(offset)?.entry;
  return entry === undefined || entry.gone === 'expired';
}
