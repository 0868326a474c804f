import { type Bus, type Clock, type Lease, type PresenceDirectory, within } from '@konferenco/core';
import type { PresenceStatus } from '@konferenco/protocol';
import { CHUNK, chunksOf, MOST_TOLD, REPEAT_MS } from './pace.ts';
import type { Versions } from './versions.ts';

/** What is told to the directory is told on the bus when it is written, or after this time. */
const WRITE_MS = 100;

interface Own {
  readonly lease: Lease;
  /** Unix ms when the directory was told last. */
  readonly toldAt: number;
}

export interface OwnLeasesDeps {
  readonly node: string;
  readonly bus: Pick<Bus, 'publish'>;
  readonly clock: Clock;
  readonly directory: PresenceDirectory | null;
  readonly versions: Versions;
  /** The merge of a user's connections here. */
  readonly here: (user: string) => PresenceStatus;
  readonly onDirectoryFailure: () => void;
}

/** What this node says of its own connections to the others: changes at once, and everything again in time. */
export class OwnLeases {
  readonly #deps: OwnLeasesDeps;
  /** Those told last come last. */
  readonly #own = new Map<string, Own>();
  readonly #changed = new Set<string>();
  /** What was told before this is to be told again; Unix ms. */
  #tellAgain = 0;

  constructor(deps: OwnLeasesDeps) {
    this.#deps = deps;
  }

  /** A connection of `user` came, went, or shows otherwise. */
  changed(user: string): void {
    this.#changed.add(user);
  }

  /** What was said of those of `users` who are connected here. */
  leasesOf(users: readonly string[]): readonly Lease[] {
    return users.flatMap((user) => this.#own.get(user)?.lease ?? []);
  }

  /** The directory may have lost everything. */
  tellAgain(): void {
    this.#tellAgain = this.#deps.clock.now();
  }

  /** Tells a bounded number of changes and renewals. Resolves when they are told. */
  async tell(most = MOST_TOLD): Promise<void> {
    const now = this.#deps.clock.now();
    const changes = this.#takeChanges(most, now);
    const renewals = this.#takeRenewals(most, now);
    await Promise.all([
      ...chunksOf(changes, CHUNK).map((chunk) => this.#write(chunk, true)),
      ...chunksOf(renewals, CHUNK).map((chunk) => this.#write(chunk, false)),
    ]);
  }

  #takeChanges(most: number, now: number): readonly Lease[] {
    const changes: Lease[] = [];
    for (const user of this.#changed) {
      if (changes.length >= most) break;
      this.#changed.delete(user);
      const status = this.#deps.here(user);
      const said = this.#own.get(user)?.lease.status ?? 'offline';
      if (said === status) continue;
      const lease = { user, status, version: this.#deps.versions.next() };
      this.#own.delete(user);
      if (status !== 'offline') this.#own.set(user, { lease, toldAt: now });
      changes.push(lease);
    }
    return changes;
  }

  #takeRenewals(most: number, now: number): readonly Lease[] {
    const renewals: Lease[] = [];
    if (!this.#deps.directory?.available) return renewals;
    const due = Math.max(now - REPEAT_MS, this.#tellAgain);
    for (const [user, { lease, toldAt }] of this.#own) {
      if (toldAt >= due || renewals.length >= most) break;
      this.#own.delete(user);
      this.#own.set(user, { lease, toldAt: now });
      renewals.push(lease);
    }
    return renewals;
  }

  async #write(leases: readonly Lease[], publish: boolean): Promise<void> {
    const { directory, clock } = this.#deps;
    const published = () => {
      if (publish) this.#publish(leases);
    };
    if (!directory) return published();
    // Whoever begins to follow after the record has passed finds the change in the directory.
    const written = directory.lease(leases).catch(() => this.#deps.onDirectoryFailure());
    await within(clock, WRITE_MS, written);
    published();
  }

  #publish(leases: readonly Lease[]): void {
    const { bus, node } = this.#deps;
    for (const lease of leases) bus.publish({ kind: 'presence', node, ...lease });
  }
}
