import { LIMITS } from '@konferenco/protocol';
import { asError, clientError, endsSession, type KonferencoError } from '../errors.ts';
import {
  byUrgency,
  changed,
  enqueued,
  judge,
  nextDue,
  type OutboxState,
  type Waiting,
  without,
} from '../outbox-state.ts';
import { sendError } from '../outbox-entry.ts';
import type { Environment, OutboxEntry } from '../types.ts';
import { type Answers, fitting } from './post-entries.ts';

/** How long one wake-up sends. A browser ends a worker's event after minutes, and what is left comes with the next. */
export const WAKE_MS = 60_000;

/**
 * How a wake-up ended:
 * - `done`: nothing is left that could be sent without the person
 * - `later`: something could be sent later
 * - `stopped`: another program has taken over
 */
export type DrainEnd = 'done' | 'later' | 'stopped';

export interface Drained {
  readonly end: DrainEnd;
  /** Entries the server has, or has refused for good. */
  readonly settled: readonly OutboxEntry[];
}

export interface DrainOptions {
  readonly environment: Pick<Environment, 'now' | 'after' | 'random'>;
  /** Rejects with a {@link KonferencoError} when the whole request was refused or reached nobody. */
  readonly post: (entries: readonly OutboxEntry[]) => Promise<Answers>;
  /** Renews the credentials. */
  readonly refresh: () => Promise<unknown>;
  /** Asked before each request: another program sends now. */
  readonly isStopped: () => Promise<boolean>;
}

/**
 * Sends entries, oldest first, as long as a wake-up lasts. One of each conversation is on its way at a time, so that a
 * refusal that passes holds back all that was written after it there.
 */
export function drain(entries: readonly OutboxEntry[], options: DrainOptions): Promise<Drained> {
  return new Drain(entries, options).run();
}

class Drain {
  readonly #options: DrainOptions;
  readonly #settled: OutboxEntry[] = [];
  #state: OutboxState;
  #isRefreshed = false;

  constructor(entries: readonly OutboxEntry[], options: DrainOptions) {
    const now = options.environment.now();
    this.#options = options;
    // What waited too long is the person's to know and not sent any more.
    const inTime = entries.filter(({ created_at }) => now - created_at <= LIMITS.outbox_ms);
    this.#state = inTime.reduce<OutboxState>((state, entry) => enqueued(state, entry, true), []);
  }

  async run(): Promise<Drained> {
    const { environment, isStopped } = this.#options;
    const until = environment.now() + WAKE_MS;
    let end: DrainEnd | null = null;
    while (end === null) {
      const now = environment.now();
      const due = this.#due(now);
      if (this.#state.length === 0) end = 'done';
      else if (await isStopped()) end = 'stopped';
      else if (due.length > 0) end = now < until ? await this.#send(due) : 'later';
      else end = await this.#pause(nextDue(this.#state, now) ?? until, until);
    }
    return { end, settled: this.#settled };
  }

  /** The oldest entry of each conversation that nothing holds back, as many as one request carries. */
  #due(now: number): readonly Waiting[] {
    const first = new Map<string, Waiting>();
    for (const waiting of byUrgency(this.#state))
      if (!first.has(waiting.entry.log)) first.set(waiting.entry.log, waiting);
    const due = [...first.values()].filter(({ error }) => (error?.retry_at ?? 0) <= now);
    return due.slice(0, fitting(due.map(({ entry }) => entry)).length);
  }

  async #pause(at: number, until: number): Promise<DrainEnd | null> {
    if (at >= until) return 'later';
    const { now, after } = this.#options.environment;
    await new Promise<void>((resolve) => after(at - now(), resolve));
    return null;
  }

  async #send(due: readonly Waiting[]): Promise<DrainEnd | null> {
    try {
      const answers = await this.#options.post(due.map(({ entry }) => entry));
      for (const waiting of due) {
        const answer = answers.get(waiting.entry.id);
        if (answer === null) this.#settle(waiting);
        else this.#refused(waiting, answer ?? clientError('timeout'));
      }
      return null;
    } catch (thrown) {
      return this.#refusedAll(due, asError(thrown));
    }
  }

  /** The request as a whole was refused, or reached nobody. */
  async #refusedAll(due: readonly Waiting[], error: KonferencoError): Promise<DrainEnd | null> {
    if (endsSession(error)) return this.#refresh();
    // A permission that is missing for everything: the page tells it.
    if (error.recourse === 'after_sign_in') return 'done';
    if (error.recourse === 'later' && error.retry_after_ms === undefined) return 'later';
    for (const waiting of due) this.#refused(waiting, error);
    return null;
  }

  async #refresh(): Promise<DrainEnd | null> {
    if (this.#isRefreshed) return 'done';
    this.#isRefreshed = true;
    try {
      await this.#options.refresh();
      return null;
    } catch (thrown) {
      return asError(thrown).recourse === 'later' ? 'later' : 'done';
    }
  }

  #refused(waiting: Waiting, error: KonferencoError): void {
    const { now, random } = this.#options.environment;
    const refusal = judge(waiting, error, now(), random());
    switch (refusal.kind) {
      case 'failed':
        return this.#settle(waiting);
      case 'again': {
        const { retry_at } = refusal;
        const why = { ...sendError(error), retry_at };
        const sleep_ms = retry_at - now();
        this.#state = changed(this.#state, waiting.entry.id, (one) => ({ ...one, error: why, sleep_ms }));
        return;
      }
      // An entry is sent as it was written or not at all: what only the page can do it does, and what comes after waits.
      case 'refresh':
      case 'remint':
        this.#state = this.#state.filter(({ entry }) => entry.log !== waiting.entry.log);
    }
  }

  #settle({ entry }: Waiting): void {
    this.#settled.push(entry);
    this.#state = without(this.#state, entry.id);
  }
}
