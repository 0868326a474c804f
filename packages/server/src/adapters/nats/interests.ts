import { type Clock, type Interest, within } from '@konferenco/core';

/** How long nobody needs to follow an interest before its subscription ends: people come back, and pages reload. */
const IDLE_MS = 30_000;
const SWEEP_MS = 5_000;
/** How long `follow` waits for a server that hangs. */
const FOLLOW_MS = 2_000;

/** What subscriptions are made with. */
export interface Subscriber {
  readonly connected: boolean;
  /** Begins a subscription; returns what ends it. `onEnd` is called when the server ends it. */
  subscribe(interest: Interest, onEnd: () => void): () => void;
  /** Resolves when the server has processed every subscription begun before; rejects when the connection ends first. */
  flush(): Promise<void>;
}

interface Followed {
  readonly end: () => void;
  /** Until the server has processed the subscription. */
  pending: Promise<void> | undefined;
}

/** The subscriptions of a node: one for each interest, kept for a while after the last use. */
export class Interests {
  readonly #subscriber: Subscriber;
  readonly #clock: Clock;
  readonly #followed = new Map<Interest, Followed>();
  /** Since when nobody has needed them, in Unix ms; the longest first. */
  readonly #idle = new Map<Interest, number>();
  /** Interests that share one question to the server. */
  #round: { readonly interests: Interest[]; readonly answered: Promise<void> } | null = null;
  #cancelSweep: () => void = () => {};

  constructor(subscriber: Subscriber, clock: Clock) {
    this.#subscriber = subscriber;
    this.#clock = clock;
    this.#planSweep();
  }

  get size(): number {
    return this.#followed.size;
  }

  follow(interest: Interest): void | Promise<void> {
    this.#idle.delete(interest);
    const known = this.#followed.get(interest);
    if (known) return known.pending;
    const end = this.#subscriber.subscribe(interest, () => this.#drop(interest));
    const pending = this.#confirm(interest);
    this.#followed.set(interest, { end, pending });
    return pending;
  }

  unfollow(interest: Interest): void {
    if (!this.#followed.has(interest)) return;
    this.#idle.delete(interest);
    this.#idle.set(interest, this.#clock.now());
  }

  close(): void {
    this.#cancelSweep();
    this.#followed.clear();
    this.#idle.clear();
  }

  #confirm(interest: Interest): Promise<void> {
    if (!this.#round) {
      const interests: Interest[] = [];
      const answered = new Promise<void>((resolve) => this.#clock.soon(resolve)).then(() => {
        this.#round = null;
        return this.#ask(interests);
      });
      this.#round = { interests, answered };
    }
    this.#round.interests.push(interest);
    return this.#round.answered;
  }

  /** While NATS is away or hangs, waiting would not help: what is missed meanwhile is found in the store. */
  async #ask(interests: readonly Interest[]): Promise<void> {
    if (this.#subscriber.connected) await within(this.#clock, FOLLOW_MS, this.#subscriber.flush());
    for (const interest of interests) {
      const known = this.#followed.get(interest);
      if (known) known.pending = undefined;
    }
  }

  #drop(interest: Interest): void {
    this.#followed.delete(interest);
    this.#idle.delete(interest);
  }

  #planSweep(): void {
    this.#cancelSweep = this.#clock.after(SWEEP_MS, () => {
      this.#planSweep();
      const before = this.#clock.now() - IDLE_MS;
      for (const [interest, since] of this.#idle) {
        if (since > before) return;
        this.#followed.get(interest)?.end();
        this.#drop(interest);
      }
    });
  }
}
