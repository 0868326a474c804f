import type { Gap, InboxItem, Item, LogName } from '@konferenco/protocol';
import type { Delivery } from '../log-cursor.ts';
import { type LocalRange, type LocalStore, type LocalStoreError, sortableNumber } from '../storage/local-store.ts';
import { blanked, entryOf, isConversation, isExpired, isLine, sizeOf, timeOfId } from './entry.ts';
import type { FetchedPage, KeptPage, LogKeeping } from './keeping.ts';
import { EMPTY, type LogRow, merged } from './log-row.ts';
import { readRows } from './read-rows.ts';
import { type Run, runOfPage, runsOf } from './run-of.ts';
import { highestBelow, joined, stretchAt, without } from './stretches.ts';
import { asStoreError, type WriteBehind } from './write-behind.ts';

/** Stretches of one log at the most; the oldest beyond are forgotten. */
const STRETCHES_MAX = 200;
/** Pointers of the inbox kept; the newest. */
const POINTERS_MAX = 1_000;
/** Entries read at once when looking for something. */
const LOOK = 100;
/** An envelope's id may be this much younger than the moment it was stored. */
const ID_AHEAD_MS = 60_000;

export interface KeptLogHost {
  readonly store: LocalStore;
  readonly writes: WriteBehind;
  /** The server's time, as far as known (Unix ms). */
  readonly now: () => number;
  readonly failed: (error: LocalStoreError) => void;
  /** Identity of the server's store whose offsets are kept. */
  readonly epoch: () => string | null;
  /** Whether what is kept was loaded: before, nothing may be written over it. */
  readonly isOpen: () => boolean;
  /** There may be more now than is to be kept. */
  readonly grown: () => void;
}

type Entry = Item | { readonly offset: number; readonly gap: Gap };

/** What this device keeps of one log. */
export class KeptLog implements LogKeeping {
  readonly log: LogName;
  readonly #host: KeptLogHost;
  #row: LogRow = EMPTY;
  #isRetired = false;

  constructor(log: LogName, host: KeptLogHost) {
    this.log = log;
    this.#host = host;
  }

  get row(): LogRow {
    return this.#row;
  }

  get position(): number {
    return this.#row.stretches.at(-1)?.[1] ?? 0;
  }

  load(row: LogRow): void {
    const known = row.epoch === this.#host.epoch() ? row : { ...EMPTY, info: row.info };
    this.#row = { ...EMPTY, ...known, opened_at: Math.max(row.opened_at, this.#row.opened_at) };
  }

  /** The person signed out: nothing is kept for them any more. */
  retire(): void {
    this.#isRetired = true;
    this.#row = EMPTY;
  }

  /** Offsets have a new meaning: only that there is such a conversation stays. */
  reset(): void {
    this.note({ ...EMPTY, followed: this.#row.followed, opened_at: this.#row.opened_at });
  }

  note(part: Partial<LogRow>): void {
    if (this.#isRetired) return;
    const { writes, epoch, isOpen } = this.#host;
    const row: LogRow = { ...this.#row, ...part };
    if (Object.keys(part).every((name) => row[name as keyof LogRow] === this.#row[name as keyof LogRow])) return;
    this.#row = { ...row, epoch: epoch() };
    const merge = (own: LogRow, stored: unknown) => merged(own, stored as LogRow);
    if (isOpen()) writes.putMerged('logs', this.log, () => this.#row, merge);
  }

  putPage({ items, from, to, gap }: FetchedPage): void {
    this.put(items, runOfPage(items, from, to, gap));
  }

  putDelivered(due: readonly Delivery<Item | InboxItem>[]): void {
    for (const { items, run } of runsOf(due)) this.put(items, run);
  }

  /** Keeps entries; with `run`, also that nothing else is in it. */
  put(items: readonly Item[], run?: Run): void {
    if (this.#isRetired) return;
    const { writes } = this.#host;
    const { stretches } = this.#row;
    let { entries, bytes, info } = this.#row;
    let joint = run ? joined(stretches, run.from, run.to) : stretches;
    for (const item of items) {
      const { offset } = item;
      const entry = entryOf(item);
      if (!stretchAt(stretches, offset)) {
        entries++;
        bytes += sizeOf(item);
      }
      if (!run) joint = joined(joint, offset, offset);
      writes.put('entries', this.#key(offset), entry);
      if (info && offset > (info.last?.offset ?? 0) && isLine(item)) info = { ...info, last: entry };
    }
    for (const gap of run?.gaps ?? []) writes.put('entries', this.#key(gap.from), { offset: gap.from, gap });
    joint = joint.slice(-STRETCHES_MAX);
    const oldest = items.find(({ offset }) => offset === joint[0]?.[0]);
    this.note({ stretches: joint, entries, bytes, info, ...(oldest && { oldest_at: oldest.at }) });
    const deleted = items.flatMap(({ envelope }) =>
      envelope?.subtype === 'delete' ? [String(envelope.payload['target'])] : [],
    );
    if (deleted.length > 0) void this.#erase(new Set(deleted));
    this.#host.grown();
  }

  /** An entry of a conversation is kept there, not here. */
  keepInbox(items: readonly InboxItem[], position: number): void {
    if (this.#isRetired) return;
    const { writes } = this.#host;
    for (const { envelope, ...pointer } of items) {
      const isKept = isConversation(pointer.log);
      writes.put('entries', this.#key(pointer.inbox), isKept || !envelope ? pointer : { ...pointer, envelope });
      if (pointer.inbox > POINTERS_MAX) writes.put('entries', this.#key(pointer.inbox - POINTERS_MAX), undefined);
    }
    this.note({ stretches: joined(this.#row.stretches, position, position).slice(-1) });
  }

  async page(before: number, limit: number): Promise<KeptPage | null> {
    const stretch = stretchAt(this.#row.stretches, before - 1);
    if (!stretch) return null;
    const from = Math.max(stretch[0], before - limit);
    const rows = await this.#rows(from, before - 1);
    if (!rows) return null;
    const items: Item[] = [];
    const gaps: Gap[] = [];
    const known = new Set<number>();
    for (const row of rows) {
      if ('gap' in row) {
        gaps.push(row.gap);
        for (let offset = row.gap.from; offset <= Math.min(row.gap.to, before - 1); offset++) known.add(offset);
      } else {
        items.push(this.#unexpired(row));
        known.add(row.offset);
      }
    }
    const begun = known.has(from) ? null : await this.#gapInto(from);
    if (begun) {
      gaps.unshift(begun);
      for (let offset = from; offset <= Math.min(begun.to, before - 1); offset++) known.add(offset);
    }
    let low = before;
    while (low > from && known.has(low - 1)) low--;
    // What should be here and is not will be fetched again.
    let { stretches } = this.#row;
    for (let offset = from; offset < low; offset++)
      if (!known.has(offset)) stretches = without(stretches, offset, offset);
    if (low > from) this.note({ stretches });
    return low < before
      ? { items: items.filter(({ offset }) => offset >= low), gaps, low: begun && low === from ? begun.from : low }
      : null;
  }

  /** The greatest kept offset less than `before`; 0 when there is none. */
  below(before: number): number {
    return highestBelow(this.#row.stretches, before);
  }

  async lookBack(look: (items: readonly Item[]) => boolean): Promise<void> {
    for (let before = this.position + 1; before > 1; ) {
      const page = await this.page(before, LOOK);
      if (page && !look(page.items)) return;
      const next = page ? page.low : this.below(before) + 1;
      // Not read, and not known to be missing either: the store fails.
      if (next >= before) return;
      before = next;
    }
  }

  /** Drops the oldest `count` rows, now; returns how many there were. */
  async dropOldest(count: number): Promise<number> {
    return this.#drop(await this.#list({ limit: count }));
  }

  /** Drops what has outlived its retention. */
  async dropExpired(): Promise<void> {
    for (;;) {
      const rows = await this.#list({ limit: LOOK });
      const alive = rows.findIndex((row) => 'at' in row && !isExpired(row, this.#host.now()));
      await this.#drop(alive < 0 ? rows : rows.slice(0, alive));
      const oldest = rows[alive];
      if (oldest && 'at' in oldest) this.note({ oldest_at: oldest.at });
      if (alive >= 0 || rows.length < LOOK) return;
    }
  }

  async #drop(rows: readonly Entry[]): Promise<number> {
    const last = rows.at(-1);
    if (!last) return 0;
    const { stretches, entries, bytes } = this.#row;
    await this.#host.store.write(
      rows.map(({ offset }) => ({ table: 'entries', key: this.#key(offset), value: undefined })),
    );
    const left = Math.max(0, entries - rows.length);
    this.note({
      stretches: without(stretches, 0, last.offset),
      entries: left,
      bytes: entries > 0 ? Math.round((bytes * left) / entries) : 0,
    });
    return rows.length;
  }

  async #rows(from: number, to: number): Promise<readonly Entry[] | null> {
    const { writes, failed } = this.#host;
    try {
      const limit = to - from + 1;
      const stored = await this.#list({ after: this.#key(from - 1), before: this.#key(to + 1), limit });
      const rows = new Map(stored.map((row) => [row.offset, row]));
      for (let offset = from; offset <= to; offset++) {
        const waiting = writes.peek('entries', this.#key(offset));
        if (waiting?.value) rows.set(offset, waiting.value as Entry);
      }
      return [...rows.values()].sort((a, b) => a.offset - b.offset);
    } catch (thrown) {
      failed(asStoreError(thrown));
      return null;
    }
  }

  /** The gap that begins before `offset` and reaches it. */
  async #gapInto(offset: number): Promise<Gap | null> {
    const [row] = await this.#list({ before: this.#key(offset), backwards: true, limit: 1 });
    return row && 'gap' in row && row.gap.to >= offset ? row.gap : null;
  }

  async #list(range: Omit<LocalRange, 'prefix'>): Promise<readonly Entry[]> {
    const rows = await readRows(this.#host.store, 'entries', { prefix: `${this.log}/`, ...range });
    return rows.map(({ value }) => value as Entry);
  }

  /** Blanks what was said in deleted messages, and in their edits. */
  async #erase(targets: Set<string>): Promise<void> {
    const written = Math.min(...[...targets].map(timeOfId)) - ID_AHEAD_MS;
    const open = new Set(targets);
    await this.lookBack((items) => {
      for (const item of items) {
        const { envelope } = item;
        if (!envelope) continue;
        open.delete(envelope.id);
        const isEdit = envelope.subtype === 'edit' && targets.has(String(envelope.payload['target']));
        if (isEdit || targets.has(envelope.id)) this.#blank(item, 'erased');
      }
      return open.size > 0 && (items[0]?.at ?? 0) >= written;
    });
  }

  #unexpired(item: Item): Item {
    return isExpired(item, this.#host.now()) ? this.#blank(item, 'expired') : item;
  }

  #blank(entry: Item, gone: 'erased' | 'expired'): Item {
    const item = blanked(entry, gone);
    this.#host.writes.put('entries', this.#key(item.offset), item);
    return item;
  }

  #key(offset: number): string {
    return `${this.log}/${sortableNumber(offset)}`;
  }
}
