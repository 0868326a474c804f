import type { LogName } from '@konferenco/protocol';
import type { NodeReport } from '../routing/node-report.ts';
import type { Lease, Present } from './presence.ts';
import type { Pointer } from './store.ts';

/** A stored entry on its way to live subscribers. `envelope` is the stored JSON. */
export interface LiveEntry {
  readonly offset: number;
  readonly at: number;
  readonly envelope: string;
  /** Rank of the entry's priority: lower leaves first. */
  readonly rank: number;
}

/**
 * What a node has to ask for to be told: a log that somebody here hears, the inbox of somebody who is here, the presence of
 * a person (`presence:USER`) or in a channel (`crowd:CHANNEL`) that somebody here watches, what is for it alone (`node:NAME`).
 */
export type Interest = LogName | `presence:${string}` | `crowd:${string}` | `node:${string}`;

/** What nodes tell each other. Unknown kinds are ignored, so that neighbouring versions can share a bus. */
export type BusRecord =
  | { readonly kind: 'entry'; readonly log: LogName; readonly entry: LiveEntry; readonly pointers: readonly Pointer[] }
  | {
      readonly kind: 'transient';
      readonly log: LogName;
      readonly envelope: string;
      readonly key: string;
      readonly to?: string;
    }
  /** What a node says of its connections of one user changed. */
  | ({ readonly kind: 'presence'; readonly node: string } & Lease)
  /** The answer of `node` to `to`, which asked for people: those of them who are connected here. */
  | { readonly kind: 'roster'; readonly node: string; readonly to: string; readonly leases: readonly Lease[] }
  /**
   * Who hears a channel at `node` changed, or somebody asked. With `after: null`, `present` is everybody; otherwise those who
   * changed since that version, `offline`: gone. `present: null`: too many to be named. With `asks`, nobody has said lately
   * that they watch the channel, and whoever does is to say so.
   */
  | {
      readonly kind: 'crowd';
      readonly node: string;
      readonly channel: string;
      readonly version: number;
      readonly after: number | null;
      readonly count: number;
      readonly present: readonly (Present | { readonly user: string; readonly status: 'offline' })[] | null;
      readonly asks?: true;
    }
  /** `node` wants to know who of these people is connected, of all nodes, because no directory says so. */
  | { readonly kind: 'who'; readonly node: string; readonly users: readonly string[] }
  /** `node` goes on watching who is in a channel; with `whole`, it wants to be told everything now. */
  | { readonly kind: 'watched'; readonly node: string; readonly channel: string; readonly whole: boolean }
  | {
      readonly kind: 'changed';
      readonly what: 'channel' | 'membership' | 'profile' | 'blocks';
      readonly id: string;
      readonly user?: string;
      readonly event?: string;
    }
  | {
      readonly kind: 'revoked';
      readonly user: string;
      readonly session?: string;
      readonly reason: 'token_revoked' | 'banned';
    }
  /** How a node is doing: told every second, and at once when it begins to drain or leaves. */
  | { readonly kind: 'node'; readonly report: NodeReport }
  /**
   * Whoever starts under the name `node` asks whether somebody bears it (`to: null`). Whoever does tells that start (`to`) so.
   * `start` is the sender's, `started_at` Unix ms by its clock.
   */
  | {
      readonly kind: 'claim';
      readonly node: string;
      readonly start: string;
      readonly started_at: number;
      readonly to: string | null;
    }
  /** An operator wants `node` to drain, or, with `reason: null`, to open again. */
  | { readonly kind: 'drain'; readonly node: string; readonly reason: string | null };

/**
 * Carries live copies between nodes. Fast and forgetful: a record may be lost, doubled or come late, and the log repairs
 * all three; records of one publisher about one log arrive in order unless lost. The publisher receives its own records.
 */
export interface Bus {
  /** Whether records may be lost on the way: then what a lost one was about has to be looked up in the store. */
  readonly lossy: boolean;
  publish(record: BusRecord): void;
  /**
   * Asks for the records about `interest` (see `interestsOf`); asked twice, it is the same. Returns a promise while records
   * published elsewhere may still pass this node by, and nothing once they do not. It does not wait for the end of an outage:
   * what is missed meanwhile is found in the store.
   */
  follow(interest: Interest): void | Promise<void>;
  /** Ends it. Records may still come for a while. */
  unfollow(interest: Interest): void;
  /** Receives its own records, those this node follows, and those that are for every node. Returns what ends the subscription. */
  subscribe(receive: (record: BusRecord) => void): () => void;
  /** Called after the bus was away: records may have been lost, so heads and revocations are to be checked again. */
  onReconnect(fn: () => void): void;
  /**
   * Resolves when this node has received what the bus had for it, or after some seconds; absent where nothing can wait in
   * between.
   */
  caughtUp?(): Promise<void>;
  close(): Promise<void>;
}
