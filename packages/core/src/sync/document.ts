import type { SyncNamespace } from '@konferenco/protocol';

/**
 * Name of a replicated document within its scope: an event's programme, or one person's own state.
 *
 * - `session/{id}` and `attendance` of the schedule
 * - `favourites`, `attending`, `blocked`, `channels` (sets), `profile`, `settings` (fields), `meeting/{uuid}` and
 *   `notes/{uuid}` of the person
 */
export type DocumentKey = string;

/** A document's state: JSON with its own version, merged by the rules of `docs/spec/sync.md`. Never changed in place. */
export type DocumentState = Readonly<Record<string, unknown>>;

/** A document an operation is about. */
export interface DocumentName {
  readonly namespace: SyncNamespace;
  readonly key: DocumentKey;
}

/** A session of the programme as its operations leave it. */
export interface SessionView {
  readonly id: string;
  readonly title: string;
  readonly room: string;
  /** Unix ms. */
  readonly starts_at: number;
  readonly ends_at: number;
  readonly speakers: readonly { readonly name: string; readonly user_id?: string }[];
  readonly abstract: string;
  readonly channel_id?: string;
  readonly cancelled: { readonly reason: string } | null;
}

/**
 * Where a meeting stands, from what both have said:
 * - `waiting_for_them`, `waiting_for_me`: the newest proposal has no answer of that person yet
 * - `agreed`: both accepted the same proposal
 * - `declined`: somebody declined the newest proposal
 * - `cancelled`: for good
 */
export type MeetingStanding = 'waiting_for_them' | 'waiting_for_me' | 'agreed' | 'declined' | 'cancelled';

export interface AgendaItem {
  /** Dot of the operation that put it there. */
  readonly id: string;
  readonly text: string;
  readonly done: boolean;
}

/** A meeting of two people as one of them sees it. */
export interface MeetingView {
  readonly id: string;
  readonly with: string;
  /** Who asked for it. */
  readonly by: string;
  readonly title: string;
  readonly place: string;
  readonly note: string;
  /** Unix ms. */
  readonly starts_at: number;
  readonly ends_at: number;
  /** Dot of the newest proposal, and whose it is. */
  readonly proposal: string;
  readonly proposed_by: string;
  readonly standing: MeetingStanding;
  /** I accepted an earlier proposal, and the time has changed since: answer again. */
  readonly accept_again: boolean;
  /** What the other said on declining, or either on cancelling. */
  readonly reason: string;
  readonly agenda: readonly AgendaItem[];
}
