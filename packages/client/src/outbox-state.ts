import { decorrelatedJitter } from '@konferenco/core/backoff';
import { LIMITS, type LogName, PRIORITY_RANK } from '@konferenco/protocol';
import type { KonferencoError } from './errors.ts';
import { RECONNECT } from './reconnect.ts';
import type { OutboxEntry, SendError } from './types.ts';

/** Envelopes on their way at one time. */
export const OUTBOX_WINDOW = 32;

/**
 * So many may be on their way in a conversation of which one was refused for now: one, and after each answer twice as many,
 * as a transport starts slowly. Where the server is away or says that it is too fast, little is sent in vain; where it is well
 * again, what waits is not sent one by one.
 */
export type Windows = ReadonlyMap<LogName, number>;

export function narrowed(windows: Windows, log: LogName): Windows {
  return new Map(windows).set(log, 1);
}

export function widened(windows: Windows, log: LogName): Windows {
  const next = new Map(windows);
  const size = (next.get(log) ?? OUTBOX_WINDOW) * 2;
  if (size < OUTBOX_WINDOW) next.set(log, size);
  else next.delete(log);
  return next;
}

export interface Waiting {
  readonly entry: OutboxEntry;
  /** `saving`: handed to the store, which has not answered. `sent`: written to the connection, not answered yet. */
  readonly state: 'saving' | 'queued' | 'sent';
  /** The store has it. Not while saving, nor when the store failed: then it goes its way from memory. */
  readonly kept: boolean;
  /** Why the last try failed; its `retry_at` holds back the whole conversation, so that the order stays. */
  readonly error?: SendError;
  readonly sleep_ms: number;
  /** This program wrote it to a connection, so the server may have it. */
  readonly handed: boolean;
  /** The token was refreshed, or a new id was minted, once for this entry. */
  readonly refreshed: boolean;
  readonly reminted: boolean;
}

/** Own messages that were not answered yet, in the order they were written. */
export type OutboxState = readonly Waiting[];

export type Refusal =
  | { readonly kind: 'failed' }
  | { readonly kind: 'again'; readonly retry_at: number }
  | { readonly kind: 'refresh' }
  | { readonly kind: 'remint' };

export function isFull(state: OutboxState): boolean {
  return state.length >= LIMITS.outbox_entries;
}

/** Adds an entry: one that the store has, or one that is still to be saved. */
export function enqueued(state: OutboxState, entry: OutboxEntry, kept: boolean): OutboxState {
  const waiting = kept ? ({ state: 'queued', kept } as const) : ({ state: 'saving', kept } as const);
  return [...state, { entry, ...waiting, sleep_ms: 0, handed: false, refreshed: false, reminted: false }];
}

/** The store answered for this wording of an entry that was being saved. */
export function saved(state: OutboxState, entry: OutboxEntry, kept: boolean): OutboxState {
  return changed(state, entry.id, (waiting) =>
    waiting.state === 'saving' && waiting.entry === entry ? { ...waiting, state: 'queued', kept } : waiting,
  );
}

/** The entry in another wording, which is still to be saved. */
export function reworded(state: OutboxState, entry: OutboxEntry): OutboxState {
  return changed(state, entry.id, (waiting) => ({ ...waiting, entry, state: 'saving', kept: false }));
}

/**
 * What may be written now: the most urgent first, in order within each conversation, never more than the windows on its
 * way. Nothing leaves before the store answered for it. What is on its way behind one that is refused does not overtake it:
 * the server refuses it too (DL-24).
 */
export function sendable(state: OutboxState, now: number, windows: Windows = new Map()): readonly Waiting[] {
  const sent = state.filter((waiting) => waiting.state === 'sent');
  let room = OUTBOX_WINDOW - sent.length;
  const onTheirWay = new Map<LogName, number>();
  const count = (log: LogName) => onTheirWay.set(log, (onTheirWay.get(log) ?? 0) + 1);
  for (const { entry } of sent) count(entry.log);
  const heldBack = new Set<LogName>();
  const due: Waiting[] = [];
  for (const waiting of byUrgency(state)) {
    const { log } = waiting.entry;
    if (room <= 0) break;
    if (waiting.state === 'sent' || heldBack.has(log)) continue;
    const isFull = (onTheirWay.get(log) ?? 0) >= (windows.get(log) ?? OUTBOX_WINDOW);
    if (isFull || waiting.state === 'saving' || (waiting.error?.retry_at ?? 0) > now) heldBack.add(log);
    else {
      due.push(waiting);
      count(log);
      room--;
    }
  }
  return due;
}

/**
 * The most urgent first, else in the order written. An entry is as urgent as the most urgent one behind it in its
 * conversation, which must not overtake it; so the order within each conversation stays.
 */
export function byUrgency(state: OutboxState): OutboxState {
  const urgency = new Map<LogName, number>();
  const ranked = state.toReversed().map((waiting) => {
    const { log, priority = PRIORITY_RANK.normal } = waiting.entry;
    const rank = Math.min(priority, urgency.get(log) ?? Number.POSITIVE_INFINITY);
    urgency.set(log, rank);
    return { waiting, rank };
  });
  return ranked
    .reverse()
    .sort((a, b) => a.rank - b.rank)
    .map(({ waiting }) => waiting);
}

/** Id of the last entry before this one in its conversation that is on its way. */
export function onItsWayBefore(state: OutboxState, { id, log }: OutboxEntry): string | undefined {
  let before: string | undefined;
  for (const { entry, state: at } of state) {
    if (entry.id === id) break;
    if (entry.log === log && at === 'sent') before = entry.id;
  }
  return before;
}

/** When something held back becomes sendable next; `null` when nothing is. */
export function nextDue(state: OutboxState, now: number): number | null {
  const times = state.flatMap(({ state: at, error }) =>
    at === 'queued' && (error?.retry_at ?? 0) > now ? [error?.retry_at ?? 0] : [],
  );
  return times.length > 0 ? Math.min(...times) : null;
}

export function expired(state: OutboxState, now: number): readonly Waiting[] {
  return state.filter((waiting) => now - waiting.entry.created_at > LIMITS.outbox_ms);
}

/** What a refusal means for the entry. Lasting refusals fail; passing ones wait for the time given or back off. */
export function judge(waiting: Waiting, error: KonferencoError, now: number, random: number): Refusal {
  if (error.error === 'id_out_of_range') return waiting.reminted ? { kind: 'failed' } : { kind: 'remint' };
  switch (error.recourse) {
    case 'never':
      return { kind: 'failed' };
    case 'after_sign_in':
      // 2000–2099 concern the credentials; from 2100 on a permission is missing, which no token changes.
      return error.code < 2100 && !waiting.refreshed ? { kind: 'refresh' } : { kind: 'failed' };
    case 'later': {
      // Out of turn is the refusal of the one before it, whose wait holds back the conversation.
      const sleep_ms = error.error === 'out_of_turn' ? 0 : waiting.sleep_ms;
      return {
        kind: 'again',
        retry_at: now + (error.retry_after_ms ?? decorrelatedJitter(sleep_ms, random, RECONNECT)),
      };
    }
  }
}

export function changed(state: OutboxState, id: string, change: (waiting: Waiting) => Waiting): OutboxState {
  return state.map((waiting) => (waiting.entry.id === id ? change(waiting) : waiting));
}

export function without(state: OutboxState, id: string): OutboxState {
  return state.filter((waiting) => waiting.entry.id !== id);
}

/** The connection is gone: what was on its way is sent again, unchanged, on the next one. */
export function disconnected(state: OutboxState): OutboxState {
  return state.map((waiting) => (waiting.state === 'sent' ? { ...waiting, state: 'queued' } : waiting));
}
