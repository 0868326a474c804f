/** How somebody who is connected shows. */
export type Reachability = 'online' | 'away' | 'busy';

/** What one node says of all its connections of one user: its session lease, or, as `offline`, the end of it. */
export interface Lease {
  readonly user: string;
  readonly status: Reachability | 'offline';
  /** Grows with each change that this node says of this user, over restarts too; Unix ms, more when it has to. */
  readonly version: number;
}

/** A lease as a node reads it. */
export interface HeldLease extends Lease {
  readonly node: string;
  /** Milliseconds for which it still holds, if it is not renewed. */
  readonly holds_ms: number;
}

/** Somebody in a channel, as one node knows them. */
export interface Present {
  readonly user: string;
  readonly status: Reachability;
}

/** What one node says of who hears a channel there. */
export interface CrowdPart {
  readonly channel: string;
  /** Grows with each change that this node says of this channel, as {@link Lease.version} does. */
  readonly version: number;
  /** Users, each counted once. */
  readonly count: number;
  /** All of them; `null` when there are too many to be named. */
  readonly present: readonly Present[] | null;
}

/** A part as a node reads it. */
export interface HeldCrowdPart extends CrowdPart {
  readonly node: string;
  /** Milliseconds for which it still holds, if it is not renewed. */
  readonly holds_ms: number;
}

/** The directory does not answer now. What was to be written is said again by renewal; what was to be read is asked elsewhere. */
export class DirectoryUnavailableError extends Error {
  override readonly name = 'DirectoryUnavailableError';
}

/** How long a session lease holds. It is renewed in a third of this time. */
export const LEASE_MS = 90_000;

/**
 * How long a node's part of a channel holds; renewed in a third of this time too. Shorter, because those who were on a node
 * that died are counted twice, where they have come back to, until its part ends.
 */
export const PART_LEASE_MS = 30_000;

/**
 * Where nodes leave who is connected to them and who is in a channel, so that another node knows it at once. A cache of what
 * nodes would tell each other on the bus: it may lose everything at any time, and is written anew by those who know.
 */
export interface PresenceDirectory {
  /** Whether it answered lately. While it does not, calls reject at once. */
  readonly available: boolean;
  /**
   * Writes or renews leases of this node for {@link LEASE_MS}. An older version never replaces a newer one.
   *
   * @throws {DirectoryUnavailableError} some of them may be written.
   */
  lease(leases: readonly Lease[]): Promise<void>;
  /**
   * Leases of these users that hold, of every node, ended ones included while they are remembered. Users without any are
   * missing.
   *
   * @throws {DirectoryUnavailableError}
   */
  leasesOf(users: readonly string[]): Promise<readonly HeldLease[]>;
  /** Writes or renews this node's parts for {@link PART_LEASE_MS}, under the same rules. */
  writeParts(parts: readonly CrowdPart[]): Promise<void>;
  /** Parts that hold, of every node. */
  partsOf(channels: readonly string[]): Promise<readonly HeldCrowdPart[]>;
  /** Called after it was away: it may be empty. Returns what ends the subscription. */
  onReturn(fn: () => void): () => void;
}
