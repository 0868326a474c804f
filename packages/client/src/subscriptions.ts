import { decorrelatedJitter } from '@konferenco/core/backoff';
import { LIMITS, type LogName, type LogState } from '@konferenco/protocol';
import { asError, KonferencoError } from './errors.ts';
import { RECONNECT } from './reconnect.ts';
import type { Wire } from './request.ts';
import type { Environment } from './types.ts';

/** Why a log is followed. What a person looks at goes before what is only counted. */
export type Reason = 'opened' | 'listed';

export interface SubscriptionsOptions {
  readonly wire: Wire;
  readonly environment: Pick<Environment, 'after' | 'random'>;
  readonly subscribed: (log: LogName, state: LogState) => void;
  readonly refused: (log: LogName, error: KonferencoError) => void;
}

/** Keeps the server's subscriptions equal to what is wanted here, across connections and within the limit. */
export class Subscriptions {
  readonly #options: SubscriptionsOptions;
  readonly #wanted = new Map<LogName, Set<Reason>>();
  readonly #live = new Set<LogName>();
  #planned = false;
  #pause_ms = 0;
  #cancelRetry: () => void = () => {};

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
  }

  /** Whether somebody follows the log, on this connection or as soon as there is one. */
  isWanted(log: LogName): boolean {
    return this.#wanted.has(log);
  }

  isLive(log: LogName): boolean {
    return this.#live.has(log);
  }

  want(log: LogName, reason: Reason): void {
    const reasons = this.#wanted.get(log) ?? new Set();
    this.#wanted.set(log, reasons.add(reason));
    this.#plan();
  }

  release(log: LogName, reason: Reason): void {
    const reasons = this.#wanted.get(log);
    if (!reasons?.delete(reason)) return;
    if (reasons.size === 0) this.#wanted.delete(log);
    this.#plan();
  }

  /** A new connection stands: it has no subscriptions yet. */
  resume(): void {
    this.#plan();
  }

  lost(): void {
    this.#live.clear();
    this.#cancelRetry();
  }

  /** The server dropped frames of this log: say again that it is wanted, and learn where it stands. */
  again(log: LogName): void {
    this.#live.delete(log);
    this.#plan();
  }

  clear(): void {
    this.#wanted.clear();
    this.#plan();
  }

  /** Calls made in one go become one frame. */
  #plan(): void {
    if (this.#planned) return;
    this.#planned = true;
    queueMicrotask(() => {
      this.#planned = false;
      if (this.#options.wire.online) this.#align();
    });
  }

  #align(): void {
    const target = this.#target();
    const surplus = [...this.#live].filter((log) => !target.has(log));
    const missing = [...target].filter((log) => !this.#live.has(log));
    for (const log of surplus) this.#live.delete(log);
    for (const log of missing) this.#live.add(log);
    if (surplus.length > 0) void this.#unsubscribe(surplus);
    if (missing.length > 0) void this.#subscribe(missing);
  }

  #target(): ReadonlySet<LogName> {
    const opened = [...this.#wanted].filter(([, reasons]) => reasons.has('opened')).map(([log]) => log);
    return new Set([...new Set([...opened, ...this.#wanted.keys()])].slice(0, LIMITS.subscriptions));
  }

  async #unsubscribe(logs: readonly LogName[]): Promise<void> {
    try {
      await this.#options.wire.ask('unsubscribe', { logs: [...logs] });
    } catch (thrown) {
      if (asError(thrown).error === 'disconnected') return;
      for (const log of logs) this.#live.add(log);
      this.#retry([]);
    }
  }

  async #subscribe(logs: readonly LogName[]): Promise<void> {
    try {
      const reply = await this.#options.wire.ask('subscribe', { logs: [...logs] });
      this.#pause_ms = 0;
      for (const log of logs) this.#answer(log, reply.logs[log]);
    } catch (thrown) {
      const error = asError(thrown);
      if (error.error === 'disconnected') return;
      for (const log of logs) this.#refuse(log, error);
    }
  }

  #answer(log: LogName, answer: LogState | { code: number; error: string; message: string } | undefined): void {
    // The reply left this log out.
    if (!answer) return this.#retry([log]);
    if ('code' in answer) return this.#refuse(log, new KonferencoError(answer));
    this.#options.subscribed(log, answer);
  }

  #refuse(log: LogName, error: KonferencoError): void {
    if (error.recourse === 'later') return this.#retry([log]);
    this.#live.delete(log);
    this.#wanted.delete(log);
    this.#options.refused(log, error);
  }

  #retry(logs: readonly LogName[]): void {
    for (const log of logs) this.#live.delete(log);
    this.#pause_ms = decorrelatedJitter(this.#pause_ms, this.#options.environment.random(), RECONNECT);
    this.#cancelRetry();
    this.#cancelRetry = this.#options.environment.after(this.#pause_ms, () => this.#plan());
  }
}
