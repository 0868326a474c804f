import type { Command, Interest, Outcome, Position } from '@konferenco/core';
import type { KeyRing } from '../accounts/key-store.ts';

/** Version of what home and mirror say to each other. Both must speak the same. */
export const UPLINK_VERSION = 1;

/** Where the mirror listens for its venue. */
export const UPLINK_PATH = '/uplink';

/** How far a device has acknowledged its inbox. */
export interface CursorUpdate {
  readonly user: string;
  readonly device: string;
  readonly inbox: number;
}

/** What the mirror says first: 32 random bytes, base64url. */
export interface Challenge {
  readonly t: 'challenge';
  readonly version: number;
  readonly nonce: string;
}

/** The home's answer, which proves that it knows the secret. */
export interface Hello {
  readonly t: 'hello';
  readonly version: number;
  readonly nonce: string;
  readonly proof: string;
  /** Name of the home's node. */
  readonly node: string;
}

/** The mirror's proof, and how far its replica is. */
export interface Welcome {
  readonly t: 'welcome';
  readonly proof: string;
  readonly node: string;
  /** Last journal entry that is applied; 0: none. */
  readonly position: number;
  /** Epoch of the store that the replica follows; `null`: it is empty and follows none yet. */
  readonly epoch: string | null;
}

/** Either side will not go on, and why, for the other's operator. */
export interface Refusal {
  readonly t: 'refusal';
  readonly reason: string;
}

/** The home begins: its store, its keys, and where its journal ends now. */
export interface Begin {
  readonly t: 'begin';
  readonly epoch: string;
  readonly keys: KeyRing;
  readonly head: number;
}

/** A piece of the journal, and what was said on the bus up to there. */
export interface Stream {
  readonly t: 'stream';
  /** Counts streams of this connection, from 1. */
  readonly seq: number;
  /** Journal offset of the first of `entries`. */
  readonly from: number;
  /** When each command was committed (Unix ms), and its JSON. */
  readonly entries: readonly (readonly [at: number, command: string])[];
  readonly heads: readonly Position[];
  /** A message of the bus in its encoding; '': none. To be published once the entries are applied. */
  readonly records: string;
}

export type CommitError = 'unavailable' | 'unknown' | 'invalid';

export type HomeFrame =
  | Hello
  | Refusal
  | Begin
  | Stream
  | { readonly t: 'keys'; readonly keys: KeyRing }
  /** What became of a commit, and where the journal ended afterwards. */
  | {
      readonly t: 'outcome';
      readonly ref: number;
      readonly outcomes: readonly Outcome[];
      readonly journal: number;
    }
  | { readonly t: 'failed'; readonly ref: number; readonly error: CommitError; readonly reason: string }
  | Common
  | { readonly t: 'beat'; readonly head: number };

export type MirrorFrame =
  | Challenge
  | Welcome
  | Refusal
  /** The stream `seq` is applied, and with it the journal up to `position`. */
  | { readonly t: 'ack'; readonly seq: number; readonly position: number }
  | { readonly t: 'commit'; readonly ref: number; readonly commands: readonly Command[] }
  | { readonly t: 'records'; readonly records: string }
  | Common
  | { readonly t: 'beat' };

/** A file of the other side, piece by piece. */
export type ObjectFrame =
  | { readonly t: 'fetch'; readonly ref: number; readonly key: string; readonly first: number }
  /** The bytes from `first` on, base64; `size` is that of the whole file, `null`: it is not there. */
  | { readonly t: 'piece'; readonly ref: number; readonly size: number | null; readonly data: string };

type Common =
  | ObjectFrame
  | { readonly t: 'cursors'; readonly cursors: readonly CursorUpdate[] }
  /** What this side follows of the other's bus. `whole`: this is all; what was followed before is not any more. */
  | {
      readonly t: 'interest';
      readonly ref: number;
      readonly whole: boolean;
      readonly follow: readonly Interest[];
      readonly unfollow: readonly Interest[];
    }
  /** From here on, records about what the interest `ref` named are passed on. */
  | { readonly t: 'following'; readonly ref: number };
