import type { Gap, LogName } from '@konferenco/protocol';

/**
 * What happened in a run, in the order in which it happened: one process records everything, so the place of an event in
 * the history is its place in real time. `at` (milliseconds since the run began) is for readers and reports.
 */
export type HistoryEvent =
  | RunBegan
  | ChannelMade
  | Invoked
  | Acknowledged
  | Refused
  | Unknown
  | SessionBegan
  | Followed
  | Unfollowed
  | Seen
  | GapSeen
  | WireSeen
  | LinkChanged
  | SessionEnded
  | FaultSet
  | LogStored
  | InboxStored
  | StateShown
  | AttendanceShown;

interface At {
  readonly at: number;
}

export interface RunBegan extends At {
  readonly kind: 'run';
  readonly seed: number;
  readonly topology: string;
  readonly writers: number;
}

/** A channel and who may read it; `null`: everybody. */
export interface ChannelMade extends At {
  readonly kind: 'channel';
  readonly log: LogName;
  readonly members: readonly string[] | null;
}

/** Somebody handed a message to their client. Nothing of it has left the device yet. */
export interface Invoked extends At {
  readonly kind: 'invoke';
  /** Counts the run's operations, from 1. */
  readonly op: number;
  readonly user: string;
  readonly log: LogName;
  /** The envelope's id. */
  readonly id: string;
  /** Fingerprint of the whole envelope: see `fingerprint`. */
  readonly body: string;
  /** Of operations on replicated state. */
  readonly effect?: Effect;
}

/** What an operation says about a person's own sets, about themselves, or about a meeting. */
export type Effect =
  | { readonly kind: 'add'; readonly set: PersonalSetName; readonly element: string; readonly dot: string }
  | {
      readonly kind: 'remove';
      readonly set: PersonalSetName;
      readonly element: string;
      /** Dots of the additions it takes back. */
      readonly tags: readonly string[];
    }
  /** `stamp`: the hybrid time by which the last of several wins. */
  | { readonly kind: 'write'; readonly value: string; readonly stamp: number }
  | { readonly kind: 'request'; readonly meeting: string; readonly with: string }
  | { readonly kind: 'accept'; readonly meeting: string };

export type PersonalSetName = 'favourites' | 'attending';

/** The server said that it is stored, and where. */
export interface Acknowledged extends At {
  readonly kind: 'ok';
  readonly op: number;
  readonly log: LogName;
  readonly offset: number;
}

/** The server refused it for good. */
export interface Refused extends At {
  readonly kind: 'refused';
  readonly op: number;
  readonly code: number;
  readonly error: string;
}

/** Nobody was told what became of it: it may be stored, once. */
export interface Unknown extends At {
  readonly kind: 'unknown';
  readonly op: number;
  readonly why: string;
}

/** A program of a user's device started. The device's inbox goes on from what the sessions before acknowledged. */
export interface SessionBegan extends At {
  readonly kind: 'session';
  readonly session: string;
  readonly user: string;
}

/** From here on the session is to be told of every entry of the log after the offset `after`. */
export interface Followed extends At {
  readonly kind: 'follow';
  readonly session: string;
  readonly log: LogName;
  readonly after: number;
}

export interface Unfollowed extends At {
  readonly kind: 'unfollow';
  readonly session: string;
  readonly log: LogName;
}

/** Entries told to the person, live or by catching up: offset and fingerprint of each, in the order of telling. */
export interface Seen extends At {
  readonly kind: 'seen';
  readonly session: string;
  readonly log: LogName;
  readonly items: readonly (readonly [offset: number, body: string])[];
}

/** The person was told that these offsets, both included, are not shown. */
export interface GapSeen extends At {
  readonly kind: 'gap';
  readonly session: string;
  readonly log: LogName;
  readonly from: number;
  readonly to: number;
  readonly reason: Gap['reason'] | 'skipped';
}

/**
 * A frame that reached the session's device, whatever its client made of it: live entries and inbox entries (the first of
 * a log only), every page of history, every `skipped` and `resync`. Offsets are 0 where the frame has none.
 */
export interface WireSeen extends At {
  readonly kind: 'wire';
  readonly session: string;
  readonly frame: 'message' | 'inbox' | 'page' | 'skipped' | 'resync';
  readonly log: LogName;
  readonly from: number;
  readonly to: number;
}

/** The state of the session's link, as its person is shown it; for readers. */
export interface LinkChanged extends At {
  readonly kind: 'link';
  readonly session: string;
  readonly link: string;
}

/** `last`: it was connected, and had been given the time to hear everything, when the run ended. */
export interface SessionEnded extends At {
  readonly kind: 'end';
  readonly session: string;
  readonly last: boolean;
}

/** A fault began or was healed; for readers. */
export interface FaultSet extends At {
  readonly kind: 'fault';
  readonly phase: 'begin' | 'heal' | 'recovered';
  readonly words: string;
}

/** What a log holds after the run, by the store's own API. */
export interface LogStored extends At {
  readonly kind: 'stored';
  readonly log: LogName;
  readonly first: number;
  readonly head: number;
  readonly entries: readonly StoredEntry[];
}

export interface StoredEntry {
  readonly offset: number;
  readonly id: string;
  readonly sender: string;
  readonly body: string;
  /** It had a body, which is gone by right (expired or erased). */
  readonly gone?: true;
  /** Said by a server on its own account. */
  readonly system?: true;
}

/** What a user's inbox points at after the run. */
export interface InboxStored extends At {
  readonly kind: 'inbox';
  readonly user: string;
  readonly first: number;
  readonly head: number;
  readonly entries: readonly { readonly inbox: number; readonly log: LogName; readonly offset: number }[];
}

/** A person's own state after the run, as a node answers it or as a device shows it. */
export interface StateShown extends At {
  readonly kind: 'state';
  readonly user: string;
  /** A node or a session. */
  readonly where: string;
  readonly favourites: readonly string[];
  readonly attending: readonly string[];
  /** What they wrote about themselves; `null`: nothing, or it is not shown there. */
  readonly about: string | null;
  readonly meetings: readonly { readonly id: string; readonly with: string; readonly agreed: boolean }[];
}

/** How many go to each session after the run, as a node answers it or as a device shows it. */
export interface AttendanceShown extends At {
  readonly kind: 'attendance';
  /** Of the event. */
  readonly log: LogName;
  readonly where: string;
  readonly counts: Readonly<Record<string, number>>;
}
