import { decorrelatedJitter } from '@konferenco/core/backoff';
import { LIMITS, type SyncTrigger } from '@konferenco/protocol';
import { asError, clientError, type KonferencoError } from '../errors.ts';
import { RECONNECT } from '../reconnect.ts';
import type { Wire } from '../request.ts';
import { serverError } from '../server-errors.ts';
import type { Environment } from '../types.ts';
import type { ScopeReplica } from './scope-replica.ts';

/** How long a hole between live entries may close by itself. */
export const HOLE_GRACE_MS = 200;
/** How long the entry of an operation that the server has may take to come by itself. */
export const ENTRY_GRACE_MS = 1_000;
/** Share of the usual time by which periodic syncs are drawn apart. */
const PERIOD_SPREAD = 0.25;

export interface ScopeSyncOptions {
  readonly scope: ScopeReplica;
  readonly wire: Pick<Wire, 'ask' | 'online'>;
  readonly environment: Pick<Environment, 'after' | 'random' | 'visible'>;
  /** The server's time, as far as known (Unix ms). */
  readonly now: () => number;
  /** A sync began or ended. */
  readonly changed: () => void;
  /** The server refused for good. */
  readonly failed: (error: KonferencoError) => void;
}

/** Brings one scope up to date: on every connect, where live entries leave a hole, and now and then. One sync at a time. */
export class ScopeSync {
  readonly #options: ScopeSyncOptions;
  #running: Promise<void> | null = null;
  /** Changes with every connection, so that an answer of an earlier one is not taken. */
  #connection = 0;
  #sleep_ms = 0;
  #cancelNext: () => void = () => {};
  #cancelHole: (() => void) | null = null;
  #cancelEntry: (() => void) | null = null;

  constructor(options: ScopeSyncOptions) {
    this.#options = options;
  }

  get isRunning(): boolean {
    return this.#running !== null;
  }

  /** A connection to the store `epoch` stands. */
  connected(epoch: string): void {
    this.#options.scope.connected(epoch);
    this.#connection++;
    this.#running = null;
    this.#sleep_ms = 0;
    this.#begin('reconnect');
  }

  lost(): void {
    this.#connection++;
    this.#running = null;
    this.#cancelNext();
    this.#cancelHole?.();
    this.#cancelHole = null;
    this.#cancelEntry?.();
    this.#cancelEntry = null;
    this.#options.changed();
  }

  /**
   * The server has an operation of one's own: asks for it if its entry does not come by itself, because it came before: to an
   * earlier run, which had no time to note the answer.
   */
  expectOwn(): void {
    this.#cancelEntry ??= this.#options.environment.after(ENTRY_GRACE_MS, () => {
      this.#cancelEntry = null;
      if (this.#options.scope.storedIds().size === 0) return;
      // One that runs does not ask for what was stored after it began.
      if (this.#running) this.expectOwn();
      else this.#begin('reconnect');
    });
  }

  /** The log reaches to `head`, or live entries came: asks for what is missing if it does not come by itself. */
  expect(head: number): void {
    const { scope, environment } = this.#options;
    if (!this.#isMissing(head) || !this.#options.wire.online) return;
    this.#cancelHole ??= environment.after(HOLE_GRACE_MS, () => {
      this.#cancelHole = null;
      if (this.#isMissing(head) || scope.isBehind) this.#begin('reconnect');
    });
  }

  /** Syncs now, after the sync that runs if one does. Rejects when the server cannot be reached or refuses. */
  async now(): Promise<void> {
    const { wire } = this.#options;
    if (!wire.online) throw clientError('disconnected');
    await this.#running?.catch(() => undefined);
    await (this.#running ?? this.#run('periodic'));
  }

  #isMissing(head: number): boolean {
    return this.#options.scope.isBehind || head > (this.#options.scope.position ?? -1);
  }

  /** A sync that nobody waits for. */
  #begin(trigger: SyncTrigger): void {
    if (this.#running || !this.#options.wire.online) return;
    this.#run(trigger).catch((thrown: unknown) => this.#refused(asError(thrown)));
  }

  #run(trigger: SyncTrigger): Promise<void> {
    this.#cancelNext();
    const running = this.#sync(this.#options.scope.trigger(trigger)).finally(() => {
      if (this.#running === running) this.#running = null;
      this.#options.changed();
    });
    this.#running = running;
    this.#options.changed();
    return running;
  }

  async #sync(trigger: SyncTrigger): Promise<void> {
    const { scope, now } = this.#options;
    const connection = this.#connection;
    const stored = scope.storedIds();
    let more = true;
    let snapshots = 0;
    while (more) {
      const before = scope.version;
      const question = scope.question(trigger);
      const reply = await this.#ask(question);
      if (connection !== this.#connection) throw clientError('disconnected');
      if (reply === null) continue;
      more = scope.answer(reply);
      if (reply.snapshot && reply.snapshot.cursor === undefined) snapshots++;
      // A server that says "more" and brings nothing, or snapshots without end, is asked again later.
      const isIdle = !reply.snapshot && scope.version === before;
      if (more && (isIdle || snapshots > 1)) throw serverError('internal');
    }
    this.#sleep_ms = 0;
    scope.synced(now(), stored);
    this.#plan();
  }

  /** `null`: the snapshot's next page is not to be had any more, and the snapshot begins anew. */
  async #ask(question: ReturnType<ScopeReplica['question']>) {
    try {
      return await this.#options.wire.ask('sync', question);
    } catch (thrown) {
      const isLasting = asError(thrown).recourse === 'never';
      if (isLasting && question.cursor !== undefined && this.#options.scope.giveUpSnapshot()) return null;
      throw thrown;
    }
  }

  #refused(error: KonferencoError): void {
    if (error.error === 'disconnected') return;
    if (error.recourse !== 'later') return this.#options.failed(error);
    const { environment } = this.#options;
    this.#sleep_ms = decorrelatedJitter(this.#sleep_ms, environment.random(), RECONNECT);
    this.#next(error.retry_after_ms ?? this.#sleep_ms, 'reconnect');
  }

  /** The next sync of its own accord. */
  #plan(): void {
    const spread = 1 - PERIOD_SPREAD + 2 * PERIOD_SPREAD * this.#options.environment.random();
    this.#next(LIMITS.sync_ms * spread, 'periodic');
  }

  #next(ms: number, trigger: SyncTrigger): void {
    const { environment } = this.#options;
    this.#cancelNext();
    this.#cancelNext = environment.after(Math.round(ms), () => {
      // Nobody looks: live entries still come, and the sync waits.
      if (trigger === 'periodic' && environment.visible?.() === false) this.#plan();
      else this.#begin(trigger);
    });
  }
}
