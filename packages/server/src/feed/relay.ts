import {
  type Clock,
  decorrelatedJitter,
  type Feed,
  type FeedEntry,
  type LeaderSignal,
  type Random,
  type StreamEntry,
  type StreamSink,
  StreamUnavailableError,
  streamOf,
} from '@konferenco/core';
import type { Envelope } from '@konferenco/protocol';
import { Pauses } from './pauses.ts';

/** Name of the leadership and of the position in the feed. */
const GROUP = 'streams';
/** Entries read, appended and noted at once. */
const PAGE = 256;
/** How often a node that does not lead asks whether it may, in milliseconds, with up to as much jitter. */
const ASK_MS = 2_000;
/**
 * From the beginning of one round to that of the next, in milliseconds, as long as pages are not full: a round costs the store
 * and NATS the same for one entry as for many, and consumers do not need milliseconds.
 */
const ROUND_MS = 50;
/** The same after a page without entries, which news may cut to the least; pauses grow while it stays quiet. */
const IDLE = { least_ms: 20, most_ms: 500 } as const;
/** Pauses after a failure. */
const BACKOFF = { base_ms: 100, cap_ms: 10_000 } as const;

export interface RelayDeps {
  readonly feed: Feed;
  readonly sink: StreamSink;
  readonly clock: Clock;
  readonly random: Random;
  /** Told of failures that the relay gets over by itself: at their beginning, not at every try. */
  readonly onFault: (error: unknown) => void;
  /** The event an entry belongs to, for what its envelope does not say (that of a channel, say). */
  readonly eventOf?: (entry: FeedEntry, envelope: Envelope) => Promise<string | null>;
}

/** How the relay of this node is doing; counts are since the start. */
export interface RelayReport {
  readonly leads: boolean;
  /** Entries brought into a stream. */
  readonly relayed: number;
  /** Entries that have no stream, or no body that can be read (any more). */
  readonly passedOver: number;
  /** Tries that failed. */
  readonly failures: number;
  /** Milliseconds by which the streams are behind the store; 0 when they are not, or another node leads. */
  readonly lag_ms: number;
}

/**
 * Brings every stored entry into the stream of its type, in the order of commit: the log is the outbox, and one node at a time
 * empties it. The position is saved after NATS has acknowledged; what is sent again after a failure is recognised by its id.
 * While NATS or the store is away it waits with jitter, and nothing is lost.
 */
export class Relay {
  readonly #deps: RelayDeps;
  readonly #pauses: Pauses;
  readonly #counts = { relayed: 0, passedOver: 0, failures: 0 };
  readonly #ended: Promise<void>;
  #leads = false;
  #failing = false;
  /** Something was stored since the last page was asked for. */
  #hasNews = false;
  /** Sleeps for want of news alone. */
  #isIdle = false;
  /** `at` of the oldest entry not yet relayed; `null`: none known. */
  #behindSince: number | null = null;

  constructor(deps: RelayDeps) {
    this.#deps = deps;
    this.#pauses = new Pauses(deps.clock);
    this.#ended = this.#run();
  }

  describe(): RelayReport {
    const lag = this.#behindSince === null ? 0 : Math.max(0, this.#deps.clock.now() - this.#behindSince);
    return { leads: this.#leads, ...this.#counts, lag_ms: lag };
  }

  /** Something was stored: a relay that has slept for want of news looks at once, another one when its next round is due. */
  wake(): void {
    this.#hasNews = true;
    if (this.#isIdle) this.#pauses.cutShort();
  }

  /** Resolves when the entries in hand are relayed and noted, or given up to be relayed by the next leader. */
  async close(): Promise<void> {
    this.#pauses.close();
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { feed, random } = this.#deps;
    let pause = 0;
    while (!this.#pauses.closed) {
      try {
        await feed.withLeader(GROUP, (signal) => this.#lead(signal));
        pause = ASK_MS * (1 + random.next());
      } catch (error) {
        pause = this.#failed(error, pause);
      } finally {
        this.#leads = false;
        this.#behindSince = null;
      }
      await this.#pauses.wait(pause);
    }
  }

  /** @throws {StoreUnavailableError} */
  async #lead(signal: LeaderSignal): Promise<void> {
    const { feed, clock } = this.#deps;
    this.#leads = true;
    const cutShort = () => this.#pauses.cutShort();
    signal.addEventListener('abort', cutShort, { once: true });
    let position = await feed.feedCursor(GROUP);
    let idle: number = IDLE.least_ms;
    while (!signal.aborted && !this.#pauses.closed) {
      const began = clock.now();
      this.#hasNews = false;
      const page = await feed.readFeed(position, PAGE);
      const [oldest] = page.entries;
      this.#behindSince = oldest?.at ?? null;
      if (!oldest || page.position === null) {
        await this.#sleep(began, idle, signal);
        idle = Math.min(idle * 2, IDLE.most_ms);
        continue;
      }
      idle = IDLE.least_ms;
      if (!(await this.#append(await this.#entriesOf(page.entries), signal))) break;
      await feed.saveFeedCursor(GROUP, page.position);
      position = page.position;
      if (page.entries.length === PAGE || signal.aborted) continue;
      this.#behindSince = null;
      await this.#rest(began, ROUND_MS);
    }
    signal.removeEventListener('abort', cutShort);
  }

  /** Waits until `ms` after `began`, whatever is stored meanwhile. */
  async #rest(began: number, ms: number): Promise<void> {
    const left = began + ms - this.#deps.clock.now();
    if (left > 0) await this.#pauses.wait(Math.min(ms, left));
  }

  /** Waits for news, `ms` at the most, and the least time in any case: an entry just stored may not be settled yet. */
  async #sleep(began: number, ms: number, signal: LeaderSignal): Promise<void> {
    if (!signal.aborted) await this.#rest(began, IDLE.least_ms);
    if (this.#hasNews || signal.aborted) return;
    this.#isIdle = true;
    await this.#rest(began, ms);
    this.#isIdle = false;
  }

  /** Tries until NATS has them; false when the leadership or the relay ended first. */
  async #append(entries: readonly StreamEntry[], signal: LeaderSignal): Promise<boolean> {
    let pause = 0;
    for (;;) {
      if (signal.aborted || this.#pauses.closed) return false;
      try {
        await this.#deps.sink.append(entries);
        this.#failing = false;
        this.#counts.relayed += entries.length;
        return true;
      } catch (error) {
        if (!(error instanceof StreamUnavailableError)) throw error;
        pause = this.#failed(error, pause);
      }
      await this.#pauses.wait(pause);
    }
  }

  async #entriesOf(entries: readonly FeedEntry[]): Promise<StreamEntry[]> {
    const found = await Promise.all(entries.map((entry) => this.#entryOf(entry)));
    const kept = found.filter((entry) => entry !== null);
    this.#counts.passedOver += found.length - kept.length;
    return kept;
  }

  async #entryOf(entry: FeedEntry): Promise<StreamEntry | null> {
    if (entry.envelope === null) return null;
    const envelope = parse(entry.envelope);
    const stream = envelope === null ? null : streamOf(envelope.type);
    if (envelope === null || stream === null) return null;
    const { log, offset, at, id, sender } = entry;
    const event = eventIn(envelope) ?? (await this.#deps.eventOf?.(entry, envelope)) ?? '';
    const { type, subtype } = envelope;
    return { stream, event, type, subtype, log, offset, at, id, sender, envelope: entry.envelope };
  }

  /** Notes a failure; returns the pause before the next try. */
  #failed(error: unknown, previous: number): number {
    this.#counts.failures++;
    if (!this.#failing) this.#deps.onFault(error);
    this.#failing = true;
    return decorrelatedJitter(previous, this.#deps.random.next(), BACKOFF);
  }
}

/** `null` for what is no envelope: one bad row must not hold up all others. */
function parse(json: string): Envelope | null {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null && 'to' in value ? (value as Envelope) : null;
  } catch {
    return null;
  }
}

function eventIn({ to }: Envelope): string | null {
  return to.event_id ?? (to.type === 'broadcast' ? to.id : null);
}
