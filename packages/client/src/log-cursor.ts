import type { Gap } from '@konferenco/protocol';
import type { TimelineGap } from './types.ts';

/** Something that has a position in the log the cursor follows. */
export interface Positioned<T> {
  readonly position: number;
  readonly item: T;
}

/** What is kept until everything before it is here: an entry, or a stretch the server said it skipped. */
type Held<T> = { readonly kind: 'item'; readonly item: T } | { readonly kind: 'skip'; readonly to: number };

/** Entries held at most; beyond that the newest are let go, for history has them. */
export const HELD_MAX = 1_000;

/**
 * Where a client stands in one log. Everything up to `position` was delivered, in order and once; `head` is the
 * newest position known to exist. While `head` is ahead, history has to be fetched from `position`.
 */
export interface LogCursor<T> {
  readonly position: number;
  readonly head: number;
  readonly held: ReadonlyMap<number, Held<T>>;
}

export type CursorInput<T> =
  /** Live entries, in any order, possibly repeated. */
  | { readonly kind: 'live'; readonly entries: readonly Positioned<T>[] }
  /** The server will not send `from` to `to` unless asked. */
  | { readonly kind: 'skipped'; readonly from: number; readonly to: number }
  /** Where the log stands, as a reply or a list said. */
  | { readonly kind: 'head'; readonly head: number }
  /** A page of history after `after`, oldest first. */
  | {
      readonly kind: 'page';
      readonly after: number;
      readonly entries: readonly Positioned<T>[];
      readonly first: number;
      readonly head: number;
      readonly gap?: Gap | undefined;
    };

export type Delivery<T> =
  | { readonly kind: 'item'; readonly position: number; readonly item: T }
  | { readonly kind: 'gap'; readonly gap: TimelineGap };

export interface CursorStep<T> {
  readonly cursor: LogCursor<T>;
  /** What is due now, in order. */
  readonly due: readonly Delivery<T>[];
}

export function cursorAt<T>(position: number): LogCursor<T> {
  return { position, head: position, held: new Map() };
}

/** True while entries exist that were not delivered: history after `position` has to be fetched. */
export function needsHistory<T>(cursor: LogCursor<T>): boolean {
  return cursor.head > cursor.position;
}

/** Takes in what arrived and says what is due. Each position is delivered once, as an item or within a gap, in order. */
export function advance<T>(cursor: LogCursor<T>, input: CursorInput<T>): CursorStep<T> {
  const held = new Map(cursor.held);
  const due: Delivery<T>[] = [];
  let { position, head } = cursor;

  switch (input.kind) {
    case 'live':
      for (const { position: at, item } of input.entries) {
        head = Math.max(head, at);
        if (at > position) held.set(at, { kind: 'item', item });
      }
      break;
    case 'skipped':
      head = Math.max(head, input.to);
      if (input.to > position && !held.has(Math.max(input.from, position + 1))) {
        held.set(Math.max(input.from, position + 1), { kind: 'skip', to: input.to });
      }
      break;
    case 'head':
      head = Math.max(head, input.head);
      break;
    case 'page':
      head = Math.max(head, input.head);
      position = takePage(position, input, due);
      break;
  }
  position = drain(position, held, due);
  return { cursor: { position, head: Math.max(head, position), held: bounded(held) }, due };
}

function takePage<T>(start: number, page: CursorInput<T> & { kind: 'page' }, due: Delivery<T>[]): number {
  let position = start;
  const gapUpTo = (to: number, reason: TimelineGap['reason']) => {
    if (to <= position) return;
    due.push({ kind: 'gap', gap: { kind: 'gap', from: position + 1, to, reason } });
    position = to;
  };
  const gap = page.gap;
  for (const { position: at, item } of page.entries) {
    if (at <= position) continue;
    if (gap && gap.from <= position + 1 && gap.to < at) gapUpTo(gap.to, gap.reason);
    // A page is the server's last word on the stretch it spans: what it passes over without a word is gone too.
    if (page.after <= position) gapUpTo(at - 1, at <= page.first ? 'retention' : 'damage');
    due.push({ kind: 'item', position: at, item });
    position = at;
  }
  if (gap && gap.from <= position + 1) gapUpTo(gap.to, gap.reason);
  if (page.entries.length === 0) gapUpTo(page.first - 1, 'retention');
  return position;
}

function drain<T>(start: number, held: Map<number, Held<T>>, due: Delivery<T>[]): number {
  let position = start;
  let skippedTo = start;
  const skipUpTo = (to: number) => {
    if (to > position) due.push({ kind: 'gap', gap: { kind: 'gap', from: position + 1, to, reason: 'skipped' } });
    position = Math.max(position, to);
  };
  const waiting = [...held].sort(([a], [b]) => a - b);
  for (const [at, entry] of waiting) {
    if (at > Math.max(position, skippedTo) + 1) break;
    held.delete(at);
    if (entry.kind === 'skip') skippedTo = Math.max(skippedTo, entry.to);
    else if (at > position) {
      // An entry within a skipped stretch may come all the same, by the inbox.
      skipUpTo(at - 1);
      due.push({ kind: 'item', position: at, item: entry.item });
      position = at;
    }
  }
  skipUpTo(skippedTo);
  return position;
}

function bounded<T>(held: Map<number, Held<T>>): ReadonlyMap<number, Held<T>> {
  if (held.size <= HELD_MAX) return held;
  return new Map([...held].sort(([a], [b]) => a - b).slice(0, HELD_MAX));
}
