import type { OperatedMessages, OperatorRouteName } from '@konferenco/protocol';
import { KonferencoError } from '../errors.ts';
import type { RouteAddress } from '../routes.ts';
import type { Client } from '../types.ts';
import { askFor, type KnownSystem, takeAnswer } from './known.ts';

/** Method and path of each route of operators. */
export const OPERATOR_PATHS = {
  operator: 'GET /api/operator',
  operatorMessages: 'GET /api/operator/messages',
  drainNode: 'POST /api/operator/nodes/{node}/drain',
  openNode: 'POST /api/operator/nodes/{node}/open',
} as const satisfies Readonly<Record<OperatorRouteName, RouteAddress>>;

/** How often the system is asked about, and how long an answer is waited for, in ms. */
const EVERY_MS = 1_000;
const PATIENCE_MS = 5_000;
/** Longest pause after answers that did not come. */
const LONGEST_PAUSE_MS = 5_000;

export interface OperatorState {
  /** `null` until the first answer. */
  readonly system: KnownSystem | null;
  /** Unix ms of this device at which `system` was told. */
  readonly heard_at: number | null;
  /** What the last try failed with; `null` when it did not. */
  readonly error: unknown;
}

/** A view of the whole system that stays new while it is watched. */
export interface Operator {
  state(): OperatorState;
  subscribe(fn: () => void): () => void;
  /** Asks every second from now on; a second call changes nothing. */
  watch(): void;
  /** Asks no more until {@link watch}. */
  pause(): void;
  /** Asks a node to send its people elsewhere. @throws {KonferencoError} */
  drain(node: string): Promise<void>;
  /** Asks a node to take people again. @throws {KonferencoError} */
  open(node: string): Promise<void>;
  /** Messages over the last hours. @throws {KonferencoError} */
  messages(hours: number): Promise<OperatedMessages>;
}

export interface OpenOperatorOptions {
  readonly client: Pick<Client, 'rest'>;
  /** Unix ms. */
  readonly now?: () => number;
  /** Calls `fn` after some ms; returns what takes that back. */
  readonly after?: (ms: number, fn: () => void) => () => void;
}

/** For owners of the system's main event; everybody else is answered `forbidden`, which stands in the state. */
export function openOperator(options: OpenOperatorOptions): Operator {
  return new PollingOperator({ now: () => Date.now(), after: systemAfter, ...options });
}

function systemAfter(ms: number, fn: () => void): () => void {
  const timer = setTimeout(fn, ms);
  return () => clearTimeout(timer);
}

class PollingOperator implements Operator {
  readonly #options: Required<OpenOperatorOptions>;
  readonly #listeners = new Set<() => void>();
  #state: OperatorState = { system: null, heard_at: null, error: null };
  #failures = 0;
  /** Ends the present round and its pause; `null` while paused. */
  #stop: AbortController | null = null;

  constructor(options: Required<OpenOperatorOptions>) {
    this.#options = options;
  }

  state(): OperatorState {
    return this.#state;
  }

  subscribe(fn: () => void): () => void {
    this.#listeners.add(fn);
    return () => this.#listeners.delete(fn);
  }

  watch(): void {
    if (this.#stop) return;
    this.#stop = new AbortController();
    void this.#round(this.#stop.signal);
  }

  pause(): void {
    this.#stop?.abort();
    this.#stop = null;
  }

  async drain(node: string): Promise<void> {
    await this.#options.client.rest<'drainNode'>(OPERATOR_PATHS.drainNode, { params: { node } });
  }

  async open(node: string): Promise<void> {
    await this.#options.client.rest<'openNode'>(OPERATOR_PATHS.openNode, { params: { node } });
  }

  messages(hours: number): Promise<OperatedMessages> {
    return this.#options.client.rest<'operatorMessages'>(OPERATOR_PATHS.operatorMessages, { query: { hours } });
  }

  /** One answer, or what kept it from coming; then the next round. */
  async #round(stop: AbortSignal): Promise<void> {
    const { now, after } = this.#options;
    let pause = EVERY_MS;
    try {
      const system = await this.#ask(stop);
      if (stop.aborted) return;
      this.#failures = 0;
      this.#set({ system, heard_at: now(), error: null });
    } catch (error) {
      if (stop.aborted) return;
      pause = pauseAfter(error, this.#failures++);
      this.#set({ ...this.#state, error });
    }
    const cancel = after(pause, () => void this.#round(stop));
    stop.addEventListener('abort', cancel, { once: true });
  }

  async #ask(stop: AbortSignal): Promise<KnownSystem> {
    const { system } = this.#state;
    const known = takeAnswer(system, await this.#send(askFor(system), stop));
    return known ?? this.#everything(stop);
  }

  async #everything(stop: AbortSignal): Promise<KnownSystem> {
    const answer = await this.#send({}, stop);
    return { ...answer, events: answer.events ?? [] };
  }

  async #send(query: ReturnType<typeof askFor>, stop: AbortSignal) {
    const late = new AbortController();
    const give = () => late.abort();
    stop.addEventListener('abort', give, { once: true });
    const cancel = this.#options.after(PATIENCE_MS, give);
    try {
      return await this.#options.client.rest<'operator'>(OPERATOR_PATHS.operator, { query, signal: late.signal });
    } finally {
      cancel();
      stop.removeEventListener('abort', give);
    }
  }

  #set(state: OperatorState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}

/** A refusal says when to come back; otherwise pauses double, up to a bound. */
function pauseAfter(error: unknown, failures: number): number {
  const told = error instanceof KonferencoError ? (error.retry_after_ms ?? 0) : 0;
  return Math.max(told, Math.min(LONGEST_PAUSE_MS, EVERY_MS * 2 ** Math.min(failures, 8)));
}
