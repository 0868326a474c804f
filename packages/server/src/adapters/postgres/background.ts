import { decorrelatedJitter, type LeaderSignal } from '@konferenco/core';
import type { Connection } from './connection.ts';
import { asUnavailable } from './errors.ts';
import type { FeedReader } from './feed.ts';
import { createPartitions, PARTITION_MS } from './partitions.ts';
import { readWarnings, type ServerClock } from './server-state.ts';
import type { Session } from './session.ts';
import { indexWords, type WordSearch } from './words.ts';

/** How often the server's settings, its clock and the coming partitions are looked at. */
const UPKEEP_MS = 30_000;
/** The indexer rests between chunks, at least this long and this many times as long as it worked: writing comes first. */
const INDEX_REST_MS = 200;
const INDEX_REST_FACTOR = 4;
/** Pause until a node asks again whether it may lead. */
const ASK_AGAIN = { base_ms: 1_000, cap_ms: 5_000 };

export interface BackgroundOptions {
  readonly schema: string;
  readonly connection: Connection;
  /** On the same connection as the indexing. */
  readonly feed: FeedReader;
  readonly words: WordSearch;
  readonly clock: ServerClock;
  readonly now: () => number;
  readonly withLeader: (name: string, work: (signal: LeaderSignal) => Promise<void>) => Promise<boolean>;
  /** Finds out whether the server takes writes again when it did not. */
  readonly lookAgain: () => Promise<void>;
  readonly closing: AbortSignal;
  readonly onFault: (error: unknown) => void;
}

/** What goes on beside reading and writing: indexing on one node of all, and upkeep on each. */
export class Background {
  readonly #options: BackgroundOptions;
  readonly #loops: Promise<unknown>;
  #warnings: readonly string[];
  #lag = 0;

  constructor(options: BackgroundOptions, warnings: readonly string[]) {
    this.#options = options;
    this.#warnings = warnings;
    const again = () => this.#options.lookAgain();
    this.#loops = Promise.all([this.#repeat(() => this.#lead()), this.#repeat(again), this.#upkeep()]);
  }

  get warnings(): readonly string[] {
    return this.#warnings;
  }

  get indexLag(): number {
    return this.#lag;
  }

  /** Resolves when everything has ended after `closing` was aborted. */
  async ended(): Promise<void> {
    await this.#loops;
  }

  async #lead(): Promise<void> {
    const { withLeader } = this.#options;
    const led = await withLeader('search', async (signal) => {
      while (!signal.aborted) {
        const start = performance.now();
        await this.#index();
        await pause(Math.max(INDEX_REST_MS, (performance.now() - start) * INDEX_REST_FACTOR), signal);
      }
    });
    if (!led) this.#lag = await this.#options.words.lag();
  }

  async #index(): Promise<void> {
    const { connection, feed, schema, words } = this.#options;
    const indexed = await connection.run((session) => indexWords(session, schema, feed));
    if (indexed > 0 || this.#lag > 0) this.#lag = await words.lag();
  }

  async #upkeep(): Promise<void> {
    const { connection, closing } = this.#options;
    while (!closing.aborted) {
      await pause(UPKEEP_MS, closing);
      if (closing.aborted) return;
      await connection.run((session) => this.#lookAfter(session)).catch((error) => this.#report(error));
    }
  }

  async #lookAfter(session: Session): Promise<void> {
    const { schema, clock, now } = this.#options;
    this.#warnings = await readWarnings(session);
    await clock.adjust(session);
    await createComingPartitions(session, schema, now());
  }

  /** Does it again and again, and says what went wrong. */
  async #repeat(work: () => Promise<void>): Promise<void> {
    const { closing } = this.#options;
    for (let rest = 0; !closing.aborted; ) {
      await work().catch((error) => this.#report(error));
      rest = decorrelatedJitter(rest, Math.random(), ASK_AGAIN);
      await pause(rest, closing);
    }
  }

  #report(error: unknown): void {
    if (!this.#options.closing.aborted) this.#options.onFault(asUnavailable(error));
  }
}

/** Resolves after `ms`, or at once when the signal aborts. */
function pause(ms: number, signal: LeaderSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
  });
}

/** The partitions of this time and the next are made before anybody needs them. */
export function createComingPartitions(session: Session, schema: string, now: number): Promise<void> {
  const current = Math.floor(now / PARTITION_MS);
  return createPartitions(session, schema, [current, current + 1]);
}
