import type { Bus, BusRecord, Clock, StreamSink } from '@konferenco/core';

export interface PresenceFeedDeps {
  readonly node: string;
  readonly bus: Pick<Bus, 'subscribe'>;
  readonly sink: Pick<StreamSink, 'offer'>;
  readonly clock: Clock;
  /** Changes a second that this node puts into the stream at the most. */
  readonly rate?: number;
}

/** Counts since the start. */
export interface PresenceFeedReport {
  readonly offered: number;
  /** Changes that a newer one of the same person replaced, or that found too many waiting, or NATS away. */
  readonly dropped: number;
}

/** Of a storm of arrivals consumers need a sample now and the rest soon, not at once. */
const RATE = 200;
const TURN_MS = 100;
/** People whose change waits at the most. */
const MOST_WAITING = 5_000;

type Change = Extract<BusRecord, { kind: 'presence' }>;

/**
 * Puts what this node says of its own people into the stream PRESENCE: best effort, at a bounded rate, the newest change of
 * each person. Nothing of it is stored, so nothing of it is in the feed.
 */
export class PresenceFeed {
  readonly #deps: PresenceFeedDeps;
  readonly #waiting = new Map<string, Change>();
  readonly #counts = { offered: 0, dropped: 0 };
  readonly #leaveBus: () => void;
  #cancel: (() => void) | null = null;

  constructor(deps: PresenceFeedDeps) {
    this.#deps = deps;
    this.#leaveBus = deps.bus.subscribe((record) => {
      if (record.kind === 'presence' && record.node === deps.node) this.#take(record);
    });
  }

  describe(): PresenceFeedReport {
    return { ...this.#counts };
  }

  close(): void {
    this.#leaveBus();
    this.#cancel?.();
    this.#waiting.clear();
  }

  #take(change: Change): void {
    const isKnown = this.#waiting.has(change.user);
    if (isKnown || this.#waiting.size >= MOST_WAITING) this.#counts.dropped++;
    if (isKnown || this.#waiting.size < MOST_WAITING) this.#waiting.set(change.user, change);
    this.#cancel ??= this.#deps.clock.after(TURN_MS, () => this.#turn());
  }

  #turn(): void {
    const { sink, clock, rate = RATE } = this.#deps;
    let left = Math.max(1, Math.floor((rate * TURN_MS) / 1_000));
    for (const [user, change] of this.#waiting) {
      if (left-- === 0) break;
      this.#waiting.delete(user);
      this.#counts[sink.offer(entryOf(change, clock.now())) ? 'offered' : 'dropped']++;
    }
    this.#cancel = this.#waiting.size > 0 ? clock.after(TURN_MS, () => this.#turn()) : null;
  }
}

/** A change has no envelope of its own: it gets a small one, and the version that its node gave it as id. */
function entryOf({ user, node, status, version }: Change, at: number): Parameters<StreamSink['offer']>[0] {
  return {
    stream: 'PRESENCE',
    event: '',
    type: 'presence',
    subtype: status,
    log: `presence:${user}`,
    offset: 0,
    at,
    id: `${node}/${version}`,
    sender: user,
    envelope: JSON.stringify({ user, node, status, version }),
  };
}
