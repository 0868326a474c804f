import type { MeetingView, SessionView } from '@konferenco/core';
import type { SessionChange, SpeakerUpdate, SyncNamespace } from '@konferenco/protocol';
import type { KonferencoErrorLike } from '../types.ts';

/** What became of something written here while others wrote too, as the person should be told it (rules CF-n in docs/spec/sync.md). */
export type Conflict =
  /** Somebody who did not know of it wrote the same field later, and theirs stands. `event`: of a session. */
  | ({
      readonly kind: 'overridden';
      readonly document: string;
      readonly event?: string;
      readonly by: string;
    } & Overridden)
  /** The time of a meeting changed before the answer arrived: accept again. */
  | { readonly kind: 'accept_again'; readonly meeting: string }
  /** An organiser removed this person from a channel that they were joining. */
  | { readonly kind: 'removed'; readonly channel: string }
  /** An operation was refused for good, and what it did here was taken back. */
  | { readonly kind: 'refused'; readonly document: string; readonly error: KonferencoErrorLike };

/** What was written here, and what stands in its place. Times in Unix ms; `time`: both ends of it at once. */
export type Overridden =
  | {
      readonly field: 'title' | 'room' | 'abstract' | 'channel_id';
      readonly mine: string;
      readonly theirs: string;
    }
  | { readonly field: 'starts_at' | 'ends_at'; readonly mine: number; readonly theirs: number }
  | { readonly field: 'time'; readonly mine: Slot; readonly theirs: Slot }
  | {
      readonly field: 'speakers';
      readonly mine: SpeakerUpdate['speakers'];
      readonly theirs: SpeakerUpdate['speakers'];
    }
  /** `null`: it takes place. */
  | {
      readonly field: 'cancelled';
      readonly mine: { readonly reason: string } | null;
      readonly theirs: { readonly reason: string } | null;
    }
  | {
      readonly field: 'agenda';
      readonly item: string;
      readonly mine: { readonly text: string; readonly done: boolean };
      readonly theirs: { readonly text: string; readonly done: boolean };
    };

export interface Slot {
  readonly starts_at: number;
  readonly ends_at: number;
  /** Of a meeting. */
  readonly place?: string;
}

/** A conflict that the person has not put away yet. */
export interface ToldConflict {
  readonly id: string;
  /** When it was told (Unix ms). */
  readonly at: number;
  readonly conflict: Conflict;
}

/**
 * What the person was told and has not put away: kept on the device over restarts, the newest 100 of them, and the same in
 * all tabs. One goes by itself when what it is about was settled: written again by the person, or answered.
 */
export interface Conflicts {
  /** Oldest first. */
  state(): readonly ToldConflict[];
  subscribe(fn: () => void): () => void;
  /** The person has seen it. */
  dismiss(id: string): Promise<void>;
  /**
   * Writes the person's own value again, as the latest word; resolves when the device has kept it. Rejects as `not_found`
   * when the conflict was put away, or is none about a value.
   */
  restoreMine(id: string): Promise<void>;
}

/** How one part of the replicated state stands on this device. */
export interface SyncedScope {
  readonly namespace: SyncNamespace;
  /** The event of `schedule`. */
  readonly event?: string;
  readonly documents: number;
  /** Version vector; empty before the first sync. */
  readonly version: string;
  /** Unix ms; `null`: never. */
  readonly synced_at: number | null;
  readonly syncing: boolean;
}

/** An own operation that waits to be sent. */
export interface WaitingOperation {
  /** Id of its envelope, and of its entry in the outbox. */
  readonly id: string;
  /** Key of the document it changes, such as `favourites`, `session/<id>` or `meeting/<id>`. */
  readonly document: string;
  /** It can be taken out alone: the newest of its document, and not of minutes. */
  readonly discardable: boolean;
}

/** Replicated state: kept on the device, usable without a network, brought up to date by itself. */
export interface SyncView {
  state(): {
    readonly scopes: readonly SyncedScope[];
    /** Operations and messages that wait here to be sent. */
    readonly waiting: number;
    /** Those of them that are operations, of each document in the order in which they were made. */
    readonly operations: readonly WaitingOperation[];
    /** When everything was last known to be up to date (Unix ms); `null`: never. */
    readonly synced_at: number | null;
  };
  subscribe(fn: () => void): () => void;
  /** Asks the server now; rejects when it cannot be reached. */
  syncNow(): Promise<void>;
  /** Forgets the documents kept here and fetches them anew; what waits to be sent stays. */
  refetch(): Promise<void>;
  /**
   * Takes out one operation that waits; its document shows what it showed before. If it had reached the server already, it
   * comes back from there. Resolves when the device has forgotten it; rejects with `conflict` when it is not discardable or
   * on its way.
   */
  discard(operation: string): Promise<void>;
}

export interface ProgrammeSession extends SessionView {
  readonly favourite: boolean;
  readonly attending: boolean;
  /** People who said they will be there. */
  readonly attendance: number;
  /** Something I did here waits to be sent. */
  readonly pending: boolean;
}

/** What changed about a session that I marked or go to, since I last looked: many changes of one session are one. */
export interface ProgrammeNotice {
  readonly session: string;
  readonly title: string;
  readonly changes: readonly (
    | { readonly field: 'time'; readonly was: number; readonly now: number }
    | { readonly field: 'room' | 'title' | 'speakers'; readonly was: string; readonly now: string }
    | { readonly field: 'cancelled'; readonly reason: string }
    | { readonly field: 'reinstated' }
  )[];
  /** Unix ms of the newest of them. */
  readonly at: number;
}

/** An event's programme. Sessions in the order of time. */
export interface Programme {
  readonly event: string;
  state(): {
    readonly sessions: readonly ProgrammeSession[];
    readonly notices: readonly ProgrammeNotice[];
    /** False until something is known: from this device or from the server. */
    readonly ready: boolean;
  };
  subscribe(fn: () => void): () => void;
  /** Both resolve when the device has kept it; it is sent as soon as there is a link. */
  setFavourite(session: string, on: boolean): Promise<void>;
  setAttending(session: string, on: boolean): Promise<void>;
  /** Organisers: resolve when kept here; refusals come as a {@link Conflict}. */
  change(session: string, fields: SessionChange['set']): Promise<void>;
  setSpeakers(session: string, speakers: SpeakerUpdate['speakers']): Promise<void>;
  cancel(session: string, reason?: string): Promise<void>;
  /** The person has seen the notices. */
  dismissNotices(): void;
}

export interface Meeting extends MeetingView {
  /** Something I did here waits to be sent. */
  readonly pending: boolean;
  /** What else I have at that time: sessions I attend and meetings agreed. */
  readonly clashes: readonly { readonly kind: 'session' | 'meeting'; readonly id: string; readonly title: string }[];
}

/** My meetings, soonest first. Every call resolves when the device has kept it. */
export interface Meetings {
  state(): { readonly items: readonly Meeting[]; readonly ready: boolean };
  subscribe(fn: () => void): () => void;
  /** @returns the meeting's id. */
  request(wish: {
    readonly with: string;
    readonly title: string;
    readonly starts_at: number;
    readonly ends_at: number;
    readonly place?: string;
    readonly note?: string;
  }): Promise<string>;
  /** Answers the proposal that is shown now. */
  accept(meeting: string): Promise<void>;
  decline(meeting: string, reason?: string): Promise<void>;
  propose(
    meeting: string,
    slot: { readonly starts_at: number; readonly ends_at: number; readonly place?: string },
  ): Promise<void>;
  cancel(meeting: string, reason?: string): Promise<void>;
  addAgendaItem(meeting: string, text: string, after?: string | null): Promise<void>;
  setAgendaItem(meeting: string, item: string, text: string, done: boolean): Promise<void>;
  removeAgendaItem(meeting: string, item: string): Promise<void>;
  /** The minutes both write together; loaded when first asked for. */
  notes(meeting: string): Promise<SharedNotes>;
}

/** One text that two people edit at once, offline too; no word of either is lost. */
export interface SharedNotes {
  text(): string;
  /** Makes the text this, as the smallest edit that does so. */
  edit(text: string): void;
  subscribe(fn: () => void): () => void;
  /** Where a position in the text as it was before the last change from elsewhere is now. */
  moved(position: number): number;
  /** Puts what was typed last into the outbox now: the program may end before the pause in typing comes. */
  keep(): void;
  /** As `keep`, and ends. */
  close(): void;
}

/** A person's own sets and fields, the same on all their devices. */
export interface Own {
  state(): {
    readonly blocked: readonly string[];
    readonly channels: readonly string[];
    readonly settings: Readonly<Record<string, unknown>>;
  };
  subscribe(fn: () => void): () => void;
  setBlocked(user: string, on: boolean): Promise<void>;
  joinChannel(channel: string): Promise<void>;
  leaveChannel(channel: string): Promise<void>;
  setProfile(fields: { readonly name?: string; readonly about?: string }): Promise<void>;
  setSetting(field: string, value: unknown): Promise<void>;
}

/** The part of a client that holds replicated state. */
export interface ReplicatedState {
  /** What is kept here and how fresh it is. */
  readonly sync: SyncView;
  /** An event's programme; the same object for the same event. */
  programme(event: string): Programme;
  readonly meetings: Meetings;
  readonly own: Own;
  readonly conflicts: Conflicts;
}
