import { type Bus, type BusRecord, type Clock, type Interest, interestsOf } from '@konferenco/core';
import type { SeededRandom } from './seeded-random.ts';

/** What the network does to what it carries. Probabilities from 0 to 1, times in milliseconds of virtual time. */
export interface NetworkFaults {
  readonly delay_ms: readonly [min: number, max: number];
  /** Of records on the bus between nodes. */
  readonly lose: number;
  readonly double: number;
}

/** One direction of a TCP connection: what arrives does so in order; a cut loses what is still under way. */
export class SimulatedPipe {
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #delay: readonly [number, number];
  #readyAt = 0;
  #cut = false;

  constructor(clock: Clock, random: SeededRandom, delay_ms: readonly [number, number]) {
    this.#clock = clock;
    this.#random = random;
    this.#delay = delay_ms;
  }

  /** Calls `arrive` after the delay and after everything sent before, unless the pipe is cut by then. */
  carry(arrive: () => void): void {
    const at = Math.max(this.#readyAt, this.#clock.now() + this.#random.int(...this.#delay));
    this.#readyAt = at;
    this.#clock.after(at - this.#clock.now(), () => {
      if (!this.#cut) arrive();
    });
  }

  cut(): void {
    this.#cut = true;
  }
}

interface SimulatedSubscriber {
  readonly receivers: Set<(record: BusRecord) => void>;
  readonly follows: Set<Interest>;
}

/** A bus between simulated nodes that loses, doubles, delays and so reorders records, except to the node that sent them. */
export class SimulatedBus {
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #nodes = new Map<string, SimulatedSubscriber>();
  /** What the bus does from now on. */
  faults: NetworkFaults;

  constructor(clock: Clock, random: SeededRandom, faults: NetworkFaults) {
    this.#clock = clock;
    this.#random = random;
    this.faults = faults;
  }

  /** The bus as one node sees it. Closed, it neither takes nor brings anything. */
  connect(node: string): Bus {
    const own: SimulatedSubscriber = { receivers: new Set(), follows: new Set() };
    this.#nodes.set(node, own);
    const connected = () => this.#nodes.get(node) === own;
    return {
      lossy: true,
      publish: (record) => {
        if (!connected()) return;
        for (const receive of own.receivers) receive(record);
        const interests = interestsOf(record);
        for (const [name, { receivers, follows }] of this.#nodes) {
          if (name === node) continue;
          if (interests === null || interests.some((one) => follows.has(one))) this.#carry(record, receivers);
        }
      },
      follow: (interest) => void own.follows.add(interest),
      unfollow: (interest) => void own.follows.delete(interest),
      subscribe: (receive) => {
        own.receivers.add(receive);
        return () => own.receivers.delete(receive);
      },
      onReconnect() {},
      close: async () => {
        own.receivers.clear();
        if (connected()) this.#nodes.delete(node);
      },
    };
  }

  #carry(record: BusRecord, receivers: ReadonlySet<(record: BusRecord) => void>): void {
    const { delay_ms, lose, double } = this.faults;
    const copies = this.#random.chance(lose) ? 0 : this.#random.chance(double) ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      this.#clock.after(this.#random.int(...delay_ms), () => {
        for (const receive of receivers) receive(record);
      });
    }
  }
}
