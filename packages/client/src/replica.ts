import type { Envelope, InboxItem, Item, LogName } from '@konferenco/protocol';
import { assembleTimeline } from './assemble-timeline.ts';
import { Corrections } from './corrections.ts';
import { type Dated, isLate, type Placed, placed } from './late.ts';
import { type Body, bodyOf, goneBody, type GoneItem, type PlacedCorrection, viewMessage } from './message-view.ts';
import { leavesPlace, readSaid } from './said.ts';
import { SortedOffsets } from './sorted-offsets.ts';
import { TimelineGaps } from './timeline-gaps.ts';
import type { Message, MessageState, SendError, TimelineEntry, TimelineGap } from './types.ts';

/**
 * What one conversation's entries add up to: a deterministic fold in which an entry counts once however often and in
 * whatever order it comes. Own messages are in it from the moment of writing; their stored entry takes the same place
 * by id. No clock, no network.
 */
export class Replica {
  readonly #log: LogName;
  readonly #me: () => string;
  /** Whose messages are not shown. */
  readonly #isHidden: (user: string) => boolean;
  #bodies = new Map<string, Body>();
  #idAt = new Map<number, string>();
  #corrections = new Corrections();
  /** Erased entries that no deletion known here is about: edits erased with their message, until one is. */
  #erased = new Map<string, GoneItem>();
  #views = new Map<string, Message>();
  #main = new SortedOffsets();
  #threads = new Map<string, SortedOffsets>();
  #offsets = new SortedOffsets();
  /** Own messages without an offset, in the order of writing. */
  #unstored = new Set<string>();
  readonly gaps = new TimelineGaps();
  /** Offsets of messages that came late. */
  #late = new Set<number>();
  #peerRead = 0;

  constructor(log: LogName, me: () => string, isHidden: (user: string) => boolean = () => false) {
    this.#log = log;
    this.#me = me;
    this.#isHidden = isHidden;
  }

  /** Takes in stored entries. */
  insert(items: readonly (Item | InboxItem)[]): void {
    for (const item of items) {
      if (item.envelope) this.#insertEnvelope(item.offset, item.at, item.envelope);
      if (item.gone && leavesPlace(this.#log, item.gone)) this.#insertGone({ ...item, gone: item.gone });
      this.gaps.found(item.offset);
    }
  }

  /** An own envelope that is not stored yet, and how far it got. */
  draft(envelope: Envelope, state: MessageState, error?: SendError): void {
    const said = readSaid(envelope);
    if (!said) return;
    if (said.kind !== 'text') {
      const correction = { id: envelope.id, offset: Number.POSITIVE_INFINITY, sender: envelope.from.user_id, said };
      if (state === 'failed') this.#dropCorrection(envelope.id);
      else this.#placeCorrection(correction);
      return;
    }
    if ((this.#bodies.get(envelope.id)?.offset ?? null) !== null) return;
    this.#unstored.add(envelope.id);
    const at = envelope.timestamp;
    this.#bodies.set(envelope.id, bodyOf(envelope, said, { offset: null, at, state, ...(error ? { error } : {}) }));
    this.#views.delete(envelope.id);
  }

  /** Takes back an own envelope that was never stored. */
  dropDraft(id: string): void {
    this.#dropCorrection(id);
    if (!this.#unstored.delete(id)) return;
    this.#bodies.delete(id);
    this.#views.delete(id);
  }

  /** The other person has read up to `offset`. */
  readByPeer(offset: number): void {
    if (offset <= this.#peerRead) return;
    for (const offsets of [this.#main, ...this.#threads.values()]) {
      for (const at of offsets.between(this.#peerRead + 1, offset)) this.#views.delete(this.#idAt.get(at) ?? '');
    }
    this.#peerRead = offset;
  }

  /** Messages and replies that are stored. */
  get size(): number {
    return this.#offsets.size;
  }

  /** The newest offset of a message or reply; 0 when there is none. */
  get newestOffset(): number {
    return this.#offsets.all().at(-1) ?? 0;
  }

  get peerRead(): number {
    return this.#peerRead;
  }

  /** Messages and replies of others after the read mark, as far as they are loaded; and those of them that mention me. */
  unreadAfter(read: number): { readonly unread: number; readonly mentions: number } {
    let unread = 0;
    let mentions = 0;
    for (const offset of this.#offsets.after(read)) {
      const message = this.message(this.#idAt.get(offset) ?? '');
      if (!message || message.gone || !this.#isOthers(message)) continue;
      unread++;
      if (message.mentions.includes(this.#me())) mentions++;
    }
    return { unread, mentions };
  }

  message(id: string): Message | undefined {
    const body = this.#bodies.get(id);
    if (!body) return undefined;
    let view = this.#views.get(id);
    if (!view) {
      const isRead = body.state === 'stored' && (body.offset ?? Number.POSITIVE_INFINITY) <= this.#peerRead;
      const state = isRead && body.sender === this.#me() ? 'read' : body.state;
      const replies = this.#threads.get(id)?.size ?? 0;
      view = viewMessage(this.#log, { ...body, state }, this.#corrections.of(id), replies);
      this.#views.set(id, view);
    }
    return view;
  }

  /**
   * The newest message that is still there, an own one that is not stored yet before all others, and its place in time:
   * when the server stored it, else when it was written, but not before what is stored (Unix ms).
   */
  newest(): { readonly message: Message; readonly at: number } | null {
    const stored = this.#newestStored();
    const message = [...this.#unstored]
      .map((id) => this.message(id))
      .findLast((own) => own && own.thread === undefined);
    return message ? { message, at: Math.max(message.timestamp, stored?.at ?? 0) } : stored;
  }

  /** Of somebody else whom the person hears. */
  #isOthers({ sender }: Message): boolean {
    return sender !== '' && sender !== this.#me() && !this.#isHidden(sender);
  }

  #newestStored(): { readonly message: Message; readonly at: number } | null {
    for (const offset of this.#main.backwards()) {
      const id = this.#idAt.get(offset) ?? '';
      const message = this.message(id);
      if (message && !message.gone && !this.#isHidden(message.sender))
        return { message, at: this.#bodies.get(id)?.at ?? 0 };
    }
    return null;
  }

  /** Oldest first, with gaps in their places and own unstored messages at the end. Everything from `low` on is here. */
  timeline(low = 0): readonly TimelineEntry[] {
    return this.#assemble(this.#main, this.gaps.all, undefined, low);
  }

  /** Ids of messages after the read mark that stand before it, or whose place is not here yet. */
  lateAbove(read: number, low: number): readonly string[] {
    if (this.#late.size === 0) return [];
    const below = new Set(
      this.#placed(this.#main, low).flatMap(({ message, place }) => (place > read ? [message.id] : [])),
    );
    return this.#main.after(read).flatMap((offset) => {
      const message = this.#late.has(offset) ? this.message(this.#idAt.get(offset) ?? '') : undefined;
      if (!message?.placed_late || !this.#isOthers(message)) return [];
      return below.has(message.id) ? [] : [message.id];
    });
  }

  /** Whether a late message waits for its place to be loaded. */
  hasUnplaced(low: number): boolean {
    return this.#late.size > 0 && this.#placed(this.#main, low).length < this.#main.size;
  }

  /** The replies of one thread, likewise. */
  thread(root: string): readonly TimelineEntry[] {
    return this.#assemble(this.#threads.get(root) ?? new SortedOffsets(), [], root, 0);
  }

  /** Forgets all but the newest `keep` messages; returns the offset from which on everything is still here, or `null`. */
  trim(keep: number): number | null {
    const low = this.#offsets.all().at(-keep);
    if (low === undefined || this.#offsets.size <= keep) return null;
    for (const offset of this.#offsets.removeBefore(low)) {
      const id = this.#idAt.get(offset) ?? '';
      this.#idAt.delete(offset);
      this.#late.delete(offset);
      this.#bodies.delete(id);
      this.#views.delete(id);
    }
    this.#main.removeBefore(low);
    for (const [root, replies] of this.#threads) if (replies.removeBefore(low).length > 0) this.#views.delete(root);
    this.#corrections.trim(low);
    this.gaps.trim(low);
    return low;
  }

  /** Forgets everything stored; what waits in the outbox stays. */
  clear(): void {
    const drafts = [...this.#unstored].flatMap((id) => this.#bodies.get(id) ?? []);
    const corrections = this.#corrections.unstored();
    this.#bodies = new Map(drafts.map((body) => [body.id, body]));
    this.#idAt = new Map();
    this.#corrections = new Corrections();
    this.#erased = new Map();
    this.#views = new Map();
    this.#main = new SortedOffsets();
    this.#threads = new Map();
    this.#offsets = new SortedOffsets();
    this.gaps.all = [];
    this.#late = new Set();
    this.#peerRead = 0;
    for (const correction of corrections) this.#placeCorrection(correction);
  }

  #insertEnvelope(offset: number, at: number, envelope: Envelope): void {
    const said = readSaid(envelope);
    if (!said) return;
    const sender = envelope.from.user_id;
    if (said.kind !== 'text') return this.#placeCorrection({ id: envelope.id, offset, sender, said });
    if ((this.#bodies.get(envelope.id)?.offset ?? null) !== null) return;
    this.#unstored.delete(envelope.id);
    this.#idAt.set(offset, envelope.id);
    this.#bodies.set(envelope.id, bodyOf(envelope, said, { offset, at, state: 'stored' }));
    if (isLate({ offset, at, timestamp: envelope.timestamp, after: said.after })) this.#late.add(offset);
    this.#place(offset, said.thread);
    this.#views.delete(envelope.id);
  }

  #insertGone({ offset, at, gone, id = `gone:${offset}`, thread }: GoneItem): void {
    const known = this.#bodies.get(this.#idAt.get(offset) ?? '');
    // A correction that was erased with its message leaves no place of its own.
    if (this.#corrections.isAt(offset)) return;
    if (known) {
      this.#bodies.set(known.id, { ...known, gone });
      this.#views.delete(known.id);
      return;
    }
    const item = { id, offset, at, gone, ...(thread === undefined ? {} : { thread }) };
    if (gone === 'erased' && !this.#corrections.isDeleted(id)) return void this.#erased.set(id, item);
    this.#unstored.delete(id);
    this.#idAt.set(offset, id);
    this.#bodies.set(id, goneBody(item));
    this.#place(offset, thread);
  }

  #place(offset: number, thread: string | undefined): void {
    this.#offsets.add(offset);
    if (thread === undefined) return this.#main.add(offset);
    const replies = this.#threads.get(thread) ?? new SortedOffsets();
    replies.add(offset);
    this.#threads.set(thread, replies);
    this.#views.delete(thread);
  }

  #placeCorrection(correction: PlacedCorrection): void {
    const { target } = correction.said;
    this.#corrections.place(correction);
    this.#views.delete(target);
    const erased = correction.said.kind === 'delete' && this.#erased.get(target);
    if (!erased) return;
    this.#erased.delete(target);
    this.#insertGone(erased);
  }

  #dropCorrection(id: string): void {
    const target = this.#corrections.drop(id);
    if (target !== null) this.#views.delete(target);
  }

  #placed(offsets: SortedOffsets, low: number): readonly Placed<Dated & { readonly id: string }>[] {
    const messages = offsets.all().map((offset) => {
      const id = this.#idAt.get(offset) ?? '';
      const body = this.#bodies.get(id);
      // What is left of an erased message says nothing of when it was written, so it stands where it arrived.
      const isAway = this.#late.has(offset) && !body?.gone && !this.#corrections.isDeleted(id);
      const after = isAway ? body?.said.after : undefined;
      return { id, offset, at: body?.at ?? 0, timestamp: body?.timestamp ?? 0, after };
    });
    return placed(messages, low);
  }

  #assemble(
    offsets: SortedOffsets,
    gaps: readonly TimelineGap[],
    thread: string | undefined,
    low: number,
  ): readonly TimelineEntry[] {
    const stored = this.#placed(offsets, low).flatMap(({ message: { id }, place }) => {
      const message = this.message(id);
      return message && !this.#isHidden(message.sender) ? [{ message, place }] : [];
    });
    const unstored = [...this.#unstored]
      .flatMap((id) => this.message(id) ?? [])
      .filter((message) => message.thread === thread);
    return assembleTimeline({ stored, gaps, unstored });
  }
}
