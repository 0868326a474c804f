import {
  type Clock,
  type CrowdPart,
  DirectoryUnavailableError,
  type HeldCrowdPart,
  type HeldLease,
  LEASE_MS,
  type Lease,
  PART_LEASE_MS,
  type PresenceDirectory,
} from '@konferenco/core';
import type { SeededRandom } from './seeded-random.ts';

interface Held<T> {
  readonly value: T;
  readonly node: string;
  readonly version: number;
  readonly until: number;
}

/** A presence directory between simulated nodes: answers late, and may be away or lose what it had. */
export class SimulatedDirectory {
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #delay: readonly [min_ms: number, max_ms: number];
  readonly #leases = new Map<string, Held<Lease>>();
  readonly #parts = new Map<string, Held<CrowdPart>>();
  readonly #returned = new Set<() => void>();
  #isAway = false;
  /** Leases and parts written, and users and channels read, since the start. */
  readonly counts = { written: 0, read: 0 };

  constructor(clock: Clock, random: SeededRandom, delay_ms: readonly [number, number]) {
    this.#clock = clock;
    this.#random = random;
    this.#delay = delay_ms;
  }

  /** From now on calls reject, those under way too. */
  leave(): void {
    this.#isAway = true;
  }

  /** Answers again, with what it had or with nothing. */
  comeBack(having: 'everything' | 'nothing'): void {
    this.#isAway = false;
    if (having === 'nothing') {
      this.#leases.clear();
      this.#parts.clear();
    }
    for (const fn of this.#returned) fn();
  }

  /** The directory as one node sees it. */
  connect(node: string): PresenceDirectory {
    const away = () => this.#isAway;
    return {
      get available() {
        return !away();
      },
      lease: (leases) =>
        this.#answer(() => {
          for (const lease of leases)
            this.#hold(this.#leases, `${lease.user} ${node}`, { value: lease, node, version: lease.version }, LEASE_MS);
        }),
      leasesOf: (users) =>
        this.#answer(() => this.#heldOf(this.#leases, users, ({ user }) => user) satisfies readonly HeldLease[]),
      writeParts: (parts) =>
        this.#answer(() => {
          for (const part of parts)
            this.#hold(
              this.#parts,
              `${part.channel} ${node}`,
              { value: part, node, version: part.version },
              PART_LEASE_MS,
            );
        }),
      partsOf: (channels) =>
        this.#answer(
          () => this.#heldOf(this.#parts, channels, ({ channel }) => channel) satisfies readonly HeldCrowdPart[],
        ),
      onReturn: (fn) => {
        this.#returned.add(fn);
        return () => this.#returned.delete(fn);
      },
    };
  }

  #answer<T>(work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const fail = () => reject(new DirectoryUnavailableError('the simulated directory is away'));
      if (this.#isAway) return fail();
      this.#clock.after(this.#random.int(...this.#delay), () => (this.#isAway ? fail() : resolve(work())));
    });
  }

  #hold<T>(all: Map<string, Held<T>>, key: string, { value, node, version }: Omit<Held<T>, 'until'>, ms: number): void {
    this.counts.written++;
    if ((all.get(key)?.version ?? 0) > version) return;
    all.set(key, { value, node, version, until: this.#clock.now() + ms });
  }

  #heldOf<T>(all: Map<string, Held<T>>, names: readonly string[], nameOf: (value: T) => string) {
    this.counts.read += names.length;
    const wanted = new Set(names);
    return [...all.values()].flatMap(({ value, node, until }) => {
      const holds_ms = until - this.#clock.now();
      return holds_ms > 0 && wanted.has(nameOf(value)) ? [{ ...value, node, holds_ms }] : [];
    });
  }
}
