import type { Envelope } from '@konferenco/protocol';
import type { RateLimiter } from '../limits/rate-limiter.ts';

/** A live connection, as far as routing cares. */
export interface RouteTarget<E> {
  send(envelope: E): void;
}

/** What routing needs of its surroundings. */
export interface RoutePorts<E> {
  /** The user's live connection, or `null` when there is none. */
  readonly connections: { getConnection(user: string): RouteTarget<E> | null };
  /** Keeps a message for a user without a connection. */
  readonly offline: { enqueue(user: string, envelope: E): void };
  /** Hands a message to every live subscriber of a channel or event. */
  readonly fanout: { broadcast(id: string, envelope: E): void };
}

/** Where a message went. */
export type Routed = 'connection' | 'offline' | 'fanout';

/**
 * Sends one envelope where its address says: to the user's connection, to the queue of a user who has none, or to all
 * subscribers of a channel or event. With a limiter, each sender's rate is checked first.
 */
export class MessageRouter<E extends Pick<Envelope, 'from' | 'to'> = Envelope> {
  readonly #ports: RoutePorts<E>;
  readonly #limiter: RateLimiter | null;

  constructor(ports: RoutePorts<E>, limiter: RateLimiter | null = null) {
    this.#ports = ports;
    this.#limiter = limiter;
  }

  /** @throws {RateLimitExceededError} (as a rejection) when the sender is faster than the limiter allows. */
  async route(envelope: E): Promise<Routed> {
    this.#limiter?.take(envelope.from.user_id);
    return this.deliver(envelope);
  }

  /** The same without the limiter, at once. */
  deliver(envelope: E): Routed {
    if (envelope.to.type !== 'user') {
      this.#ports.fanout.broadcast(envelope.to.id, envelope);
      return 'fanout';
    }
    const connection = this.#ports.connections.getConnection(envelope.to.id);
    if (!connection) {
      this.#ports.offline.enqueue(envelope.to.id, envelope);
      return 'offline';
    }
    connection.send(envelope);
    return 'connection';
  }
}
