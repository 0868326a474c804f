import type { Append, Outcome, Pointer } from '@konferenco/core';
import { inboxLog, type LogName } from '@konferenco/protocol';
import { ERASED, type EntryRow, PRESENT, reasonCode, recordCrc } from '../checksum.ts';
import type { PreparedChange, PreparedCommand } from './prepared.ts';
import { isIntact, placedPointerCrc, rowCrc } from './row-checksum.ts';

/** A log as it stands while it is locked. */
export interface LockedLog {
  readonly id: number;
  readonly head: number;
  /** Unix ms of its last entry. */
  readonly at: number;
}

export interface LockedRecord {
  readonly collection: string;
  readonly key: string;
  readonly version: number;
}

/** An entry that is stored, with the name of its log. */
export interface FoundEntry extends EntryRow {
  readonly name: LogName;
}

/** Everything a batch depends on, read after it was locked, so that nobody changes it until the batch is committed. */
export interface Facts {
  readonly logs: ReadonlyMap<LogName, LockedLog>;
  /** Rows of the batch's records by `recordName`; at version 0 stands what only was made to be locked. */
  readonly records: ReadonlyMap<string, LockedRecord>;
  /** Entries already stored under an id and sender of the batch, by `idName`. */
  readonly ids: ReadonlyMap<string, FoundEntry>;
  /** Entries to be erased, by `placeName`. */
  readonly places: ReadonlyMap<string, FoundEntry>;
  /** Numbers for the entries, rising; as many as the batch appends at most. */
  readonly seqs: Iterator<number>;
}

export interface NewEntry extends FoundEntry {
  readonly log: number;
  readonly inboxes: readonly number[] | null;
}

export interface NewPointer {
  readonly id: string;
  readonly seq: number;
  readonly inbox: number;
  readonly off: number;
  readonly reason: number;
  readonly crc: number;
}

export interface RecordWrite extends LockedRecord {
  /** JSON; `null`: there is to be no such row. */
  readonly value: string | null;
  readonly crc: number;
}

/** What a batch changes, each row once. */
export interface Writes {
  readonly entries: readonly NewEntry[];
  readonly pointers: readonly NewPointer[];
  /** New heads by the id of the log. */
  readonly heads: ReadonlyMap<number, number>;
  readonly records: readonly RecordWrite[];
  /** Stored entries that are blanked, as they are to read. */
  readonly blanks: readonly FoundEntry[];
}

export interface Plan {
  readonly outcomes: readonly Outcome[];
  readonly writes: Writes;
}

export const recordName = (collection: string, key: string) => `${collection}\n${key}`;
export const idName = (id: string, sender: string) => `${id} ${sender}`;
export const placeName = (log: LogName, off: number) => `${off} ${log}`;

/** Decides what a batch of commands comes to, one command after the other, at store time `at` (Unix ms). */
export function planBatch(commands: readonly PreparedCommand[], facts: Facts, at: number): Plan {
  const batch = new Batch(facts, at);
  return { outcomes: commands.map((command) => batch.apply(command)), writes: batch.writes() };
}

/** An entry whose body is gone: only its place, id and thread are left. */
export function blanked(entry: FoundEntry, gone: number): FoundEntry {
  const bare = { ...entry, gone, text: null, body: null };
  return { ...bare, crc: rowCrc(entry.name, bare) };
}

/** Two nodes that store the same ids do so in one order: then one waits for the other, and not both. */
function byId(a: NewEntry, b: NewEntry): number {
  if (a.id !== b.id) return a.id < b.id ? -1 : 1;
  return a.sender < b.sender ? -1 : 1;
}

class Batch {
  readonly #facts: Facts;
  readonly #at: number;
  readonly #entries = new Map<string, NewEntry>();
  readonly #pointers: NewPointer[] = [];
  readonly #heads = new Map<number, number>();
  readonly #records = new Map<string, RecordWrite>();
  readonly #blanks = new Map<string, FoundEntry>();
  /** Own entries by their place. */
  readonly #places = new Map<string, string>();

  constructor(facts: Facts, at: number) {
    this.#facts = facts;
    this.#at = at;
  }

  writes(): Writes {
    for (const [name, row] of this.#facts.records) {
      if (row.version === 0 && !this.#records.has(name)) this.#records.set(name, { ...row, value: null, crc: 0 });
    }
    return {
      entries: [...this.#entries.values()].sort(byId),
      pointers: this.#pointers,
      heads: this.#heads,
      records: [...this.#records.values()],
      blanks: [...this.#blanks.values()],
    };
  }

  apply(command: PreparedCommand): Outcome {
    const obstacle = this.#conflictOf(command) ?? this.#repeatOf(command.appends);
    if (obstacle) return obstacle;
    for (const change of command.changes) this.#change(change);
    const positions = [];
    const pointers: Pointer[] = [];
    for (const append of command.appends) {
      const { off: offset } = this.#append(append, pointers);
      positions.push({ log: append.log, offset });
    }
    for (const { log, offset } of command.erases) this.#erase(log, offset);
    return { kind: 'committed', at: this.#at, positions, pointers };
  }

  #conflictOf({ requires }: PreparedCommand): Outcome | null {
    for (const { collection, key, version } of requires) {
      if (this.#version(recordName(collection, key)) !== version) return { kind: 'conflict', collection, key };
    }
    return null;
  }

  #version(name: string): number {
    const written = this.#records.get(name);
    if (written) return written.value === null ? 0 : written.version;
    return this.#facts.records.get(name)?.version ?? 0;
  }

  #repeatOf(appends: readonly Append[]): Outcome | null {
    const own = new Set<string>();
    for (const append of appends) {
      const repeat = this.#repeat(append);
      if (repeat) return repeat;
      const name = idName(append.id, append.sender);
      if (own.has(name)) return { kind: 'id_reused' };
      own.add(name);
    }
    return null;
  }

  /** What is already stored under the append's id. A blanked entry has no envelope left to compare, so its log decides. */
  #repeat({ id, sender, log, envelope }: Append): Outcome | null {
    const name = idName(id, sender);
    const row = this.#entries.get(name) ?? this.#facts.ids.get(name);
    if (!row) return null;
    const same = row.name === log && (row.gone !== PRESENT || row.body === envelope || !isIntact(row.name, row));
    return same ? { kind: 'duplicate', at: row.at, position: { log, offset: row.off } } : { kind: 'id_reused' };
  }

  #change({ collection, key, value }: PreparedChange): void {
    const name = recordName(collection, key);
    const version = value === null ? 0 : this.#version(name) + 1;
    const crc = value === null ? 0 : recordCrc(collection, key, version, value);
    this.#records.set(name, { collection, key, version, value, crc });
  }

  #append(append: Append, pointers: Pointer[]): NewEntry {
    const { log: name, id, sender, envelope: body, expires_at: expires, thread = null, text = null } = append;
    const next = this.#facts.seqs.next();
    if (next.done) throw new Error('a batch got fewer numbers than it has entries');
    const log = this.#log(name);
    const row = {
      ...{ seq: next.value, off: this.#advance(log), at: this.#at, expires: Math.floor(expires), id, sender },
      ...{ gone: PRESENT, thread, text, body },
    };
    const inboxes = this.#notify(append, row.seq, pointers);
    const entry = { ...row, name, log: log.id, inboxes, crc: rowCrc(name, row) };
    this.#entries.set(idName(id, sender), entry);
    this.#places.set(placeName(name, row.off), idName(id, sender));
    return entry;
  }

  #notify({ id, notify = [] }: Append, seq: number, pointers: Pointer[]): readonly number[] | null {
    if (notify.length === 0) return null;
    const inboxes = new Set<number>();
    for (const { user, reason } of notify) {
      const name = inboxLog(user);
      const inbox = this.#log(name);
      const off = this.#advance(inbox);
      const code = reasonCode(reason);
      const crc = placedPointerCrc({ id, inbox: name, seq, off, reason: code });
      this.#pointers.push({ id, seq, inbox: inbox.id, off, reason: code, crc });
      pointers.push({ user, inbox: off, reason });
      inboxes.add(inbox.id);
    }
    return [...inboxes];
  }

  #log(name: LogName): LockedLog {
    const log = this.#facts.logs.get(name);
    if (!log) throw new Error(`the log ${name} was not locked`);
    return log;
  }

  #advance(log: LockedLog): number {
    const off = (this.#heads.get(log.id) ?? log.head) + 1;
    this.#heads.set(log.id, off);
    return off;
  }

  #erase(log: LogName, offset: number): void {
    const place = placeName(log, offset);
    const own = this.#places.get(place);
    const fresh = own === undefined ? undefined : this.#entries.get(own);
    if (own !== undefined && fresh) {
      if (fresh.gone === PRESENT) this.#entries.set(own, { ...fresh, ...blanked(fresh, ERASED) });
      return;
    }
    const stored = this.#facts.places.get(place);
    if (stored?.gone === PRESENT && !this.#blanks.has(place)) this.#blanks.set(place, blanked(stored, ERASED));
  }
}
