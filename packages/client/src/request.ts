import type { ClientFrame, ReplyOf, ServerFrameOf } from '@konferenco/protocol';
import type { Connection } from './connection.ts';
import { clientError, KonferencoError } from './errors.ts';
import { isAnswerDue } from './sign-of-life.ts';
import type { Environment } from './types.ts';

/** Requests without an answer at one time; more are refused as `outbox_full`. */
export const PENDING_MAX = 512;
export const REQUEST_TIMEOUT_MS = 20_000;

type AskedFrame = Exclude<ClientFrame, { type: 'ack' | 'heartbeat' }>['type'];
type Fields<T extends AskedFrame> = Omit<Extract<ClientFrame, { type: T }>, 'type' | 'ref'>;

/** The connection as the parts of the SDK use it. */
export interface Wire {
  /** True from the reply to hello until the connection is lost. */
  readonly online: boolean;
  /** Rejects with {@link KonferencoError}: the server's refusal, `disconnected` or `timeout`. */
  ask<T extends AskedFrame>(type: T, fields: Fields<T>): Promise<ReplyOf<T>>;
  /** Publishes an envelope whose JSON must not change by a byte; not before that of the id `after`, which is on its way. */
  publish(envelope: string, after?: string): Promise<ReplyOf<'publish'>>;
  /** Sends without expecting an answer; false when there is no connection. */
  say(frame: ClientFrame): boolean;
}

interface Pending {
  readonly resolve: (data: unknown) => void;
  readonly reject: (error: KonferencoError) => void;
  readonly cancelTimeout: () => void;
}

export interface RequestsOptions {
  readonly environment: Pick<Environment, 'after' | 'now'>;
  readonly connection: () => Pick<Connection, 'link' | 'send'>;
}

/** Matches replies to requests by `ref`. */
export class Requests implements Wire {
  readonly #options: RequestsOptions;
  readonly #pending = new Map<number, Pending>();
  #lastRef = 0;
  #saidAt = 0;

  constructor(options: RequestsOptions) {
    this.#options = options;
  }

  get online(): boolean {
    return this.#options.connection().link.kind === 'online';
  }

  say(frame: ClientFrame): boolean {
    return this.#send(JSON.stringify(frame));
  }

  /** Answers a heartbeat, unless the server has heard of this client lately. */
  answer(nonce: number): void {
    if (isAnswerDue(this.#saidAt, this.#options.environment.now())) this.say({ type: 'heartbeat', nonce });
  }

  ask<T extends AskedFrame>(type: T, fields: Fields<T>): Promise<ReplyOf<T>> {
    return this.#request((ref) => JSON.stringify({ type, ref, ...fields })) as Promise<ReplyOf<T>>;
  }

  publish(envelope: string, after?: string): Promise<ReplyOf<'publish'>> {
    const behind = after ? `,"after":"${after}"` : '';
    return this.#request((ref) => `{"type":"publish","ref":${ref},"envelope":${envelope}${behind}}`) as Promise<
      ReplyOf<'publish'>
    >;
  }

  /** Hands an answer to its request. False when nobody asked: a late answer, or an error without `ref`. */
  settle(frame: ServerFrameOf<'reply'> | ServerFrameOf<'error'>): boolean {
    const pending = frame.ref === undefined ? undefined : this.#take(frame.ref);
    if (!pending) return false;
    if (frame.type === 'reply') pending.resolve(frame.data);
    else pending.reject(new KonferencoError(frame));
    return true;
  }

  /** The connection is gone: no answer will come. */
  dropAll(): void {
    for (const ref of [...this.#pending.keys()]) this.#take(ref)?.reject(clientError('disconnected'));
  }

  #request(text: (ref: number) => string): Promise<unknown> {
    if (this.#pending.size >= PENDING_MAX) return Promise.reject(clientError('outbox_full'));
    const ref = ++this.#lastRef;
    return new Promise((resolve, reject) => {
      const cancelTimeout = this.#options.environment.after(REQUEST_TIMEOUT_MS, () =>
        this.#take(ref)?.reject(clientError('timeout')),
      );
      this.#pending.set(ref, { resolve, reject, cancelTimeout });
      if (!this.#send(text(ref))) this.#take(ref)?.reject(clientError('disconnected'));
    });
  }

  #send(text: string): boolean {
    this.#saidAt = this.#options.environment.now();
    return this.#options.connection().send(text);
  }

  #take(ref: number): Pending | undefined {
    const pending = this.#pending.get(ref);
    this.#pending.delete(ref);
    pending?.cancelTimeout();
    return pending;
  }
}
