import { StoreUnavailableError } from '@konferenco/core';
import type { WireBatch, WireRequest } from './messages.ts';

/** What a worker's requests ask and answer, by operation. */
type RequestMap<M> = { [K in keyof M]: { request: unknown; reply: unknown } };

interface Pending {
  readonly resolve: (reply: never) => void;
  readonly reject: (error: Error) => void;
}

export interface WorkerEvents {
  damage(text: string): void;
  /** The worker died or can do no more; pending and later requests fail with {@link StoreUnavailableError}. */
  broken(reason: string): void;
}

/** Requests that may wait for one worker. */
const PENDING_LIMIT = 20_000;

/** The main thread's end of a worker. Requests made in one turn of the event loop travel together. */
export class WorkerPort<M extends RequestMap<M>> {
  readonly #worker: Worker;
  readonly #name: string;
  readonly #events: WorkerEvents;
  readonly #pending = new Map<number, Pending>();
  #outgoing: WireRequest[] = [];
  #number = 0;
  #broken: string | null = null;
  #ended = false;

  constructor(name: string, url: URL, events: WorkerEvents) {
    this.#name = name;
    this.#events = events;
    this.#worker = new Worker(url.href, { name: `store-${name}` });
    this.#worker.onmessage = (event: MessageEvent<string>) => this.#receive(JSON.parse(event.data) as WireBatch);
    this.#worker.onerror = (event) => this.#break(`the ${name} thread failed: ${event.message}`);
    this.#worker.addEventListener('close', () => {
      if (!this.#ended) this.#break(`the ${name} thread ended`);
    });
  }

  /** @throws {StoreUnavailableError} when the worker is gone, refuses, or too much waits for it. */
  request<K extends keyof M & string>(operation: K, argument: M[K]['request']): Promise<M[K]['reply']> {
    if (this.#broken !== null) return Promise.reject(new StoreUnavailableError(this.#broken));
    if (this.#pending.size >= PENDING_LIMIT)
      return Promise.reject(new StoreUnavailableError(`the ${this.#name} is overloaded`));
    const number = ++this.#number;
    if (this.#outgoing.length === 0) setImmediate(() => this.#flush());
    this.#outgoing.push([number, operation, argument]);
    return new Promise((resolve, reject) => this.#pending.set(number, { resolve, reject }));
  }

  /** As {@link request}, for one large text that should not be escaped and parsed again on its way. It travels at once. */
  requestWithText<K extends keyof M & string>(operation: K, text: M[K]['request'] & string): Promise<M[K]['reply']> {
    if (this.#broken !== null) return Promise.reject(new StoreUnavailableError(this.#broken));
    const number = ++this.#number;
    this.#worker.postMessage(`${number} ${operation} ${text}`);
    return new Promise((resolve, reject) => this.#pending.set(number, { resolve, reject }));
  }

  /** Asks the worker to close what it holds and ends its thread. */
  async end(close: keyof M & string): Promise<void> {
    if (this.#ended) return;
    try {
      if (this.#broken === null) await this.request(close, null);
    } finally {
      this.kill();
    }
  }

  /** Ends the thread at once; what is pending fails. */
  kill(): void {
    this.#ended = true;
    this.#worker.terminate();
    this.#failAll('the store is closed');
  }

  #flush(): void {
    if (this.#outgoing.length === 0 || this.#broken !== null) return;
    const batch = JSON.stringify(this.#outgoing);
    this.#outgoing = [];
    this.#worker.postMessage(batch);
  }

  #receive(batch: WireBatch): void {
    for (const text of batch.damage ?? []) this.#events.damage(text);
    for (const [number, kind, value] of batch.replies ?? []) {
      const pending = this.#pending.get(number);
      if (!pending) continue;
      this.#pending.delete(number);
      if (kind === 'ok') pending.resolve(value as never);
      else pending.reject(new StoreUnavailableError(value));
    }
    if (batch.broken !== undefined) this.#break(batch.broken);
  }

  #break(reason: string): void {
    if (this.#broken !== null || this.#ended) return;
    this.#failAll(reason);
    this.#events.broken(reason);
  }

  #failAll(reason: string): void {
    this.#broken ??= reason;
    this.#outgoing = [];
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(new StoreUnavailableError(reason));
  }
}
