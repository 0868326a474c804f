import type { BusRecord, Identity } from '@konferenco/core';
import { CLOSE_CODES, type ClientFrame, type CloseName, type ShortFrame } from '@konferenco/protocol';
import { decodeClientFrame, decodeShortFrame, type Decoded } from '@konferenco/protocol/schema';
import { dispatch } from '../handlers/index.ts';
import type { Services } from '../handlers/services.ts';
import { dispatchShort } from '../handlers/short.ts';
import { Connection } from './connection.ts';
import { caughtUp, isStalled, refuse, sendFrame } from './outgoing.ts';
import type { Encoding, Socket, TopicPublisher } from './socket.ts';
import { Wheel } from './wheel.ts';

/** Clients asked to move at a time while draining, and the pause between (S3). */
const DRAIN_BATCH = 100;

export interface DrainOptions {
  /** Ends the drain where it stands. */
  readonly signal?: AbortSignal;
  /** Told how many more were asked. */
  readonly asked?: (count: number) => void;
}

/**
 * The life of connections on one node: opened, their frames decoded and dispatched, watched by the wheel, closed.
 * Knows no runtime: a socket is whatever has the form of {@link Socket}.
 */
export class Gateway {
  readonly #services: Services;
  readonly #wheel: Wheel;
  readonly #leaveBus: () => void;
  #turnover = 0;

  constructor(services: Services, publisher: TopicPublisher) {
    this.#services = services;
    this.#wheel = new Wheel({
      clock: services.clock,
      publisher,
      onSilent: (connection) => this.end(connection, 'heartbeat_missed'),
      onNoHello: (connection) => this.end(connection, 'hello_timeout'),
      onTurn: (connection) => this.#lookOver(connection),
      onBehind: (connection) => {
        if (isStalled(connection, services.clock.now())) this.end(connection, 'slow_consumer');
      },
    });
    this.#wheel.start();
    this.#leaveBus = services.bus.subscribe((record) => this.#receive(record));
  }

  get connections(): number {
    return this.#wheel.size;
  }

  /** Connections opened and closed since the start. */
  get turnover(): number {
    return this.#turnover;
  }

  /** A socket was upgraded. Without a subprotocol it speaks short frames and needs no hello. */
  open(socket: Socket, identity: Identity, encoding: Encoding): Connection {
    const { clock, hub, metrics, presence } = this.#services;
    const { laggards } = this.#wheel;
    const slot = this.#wheel.nextSlot();
    const connection = new Connection({ socket, identity, encoding, slot, now: clock.now(), laggards });
    if (encoding === 'short') {
      connection.phase = 'ready';
      hub.add(connection);
      presence.arrived(connection.user);
      metrics.opened.inc();
    }
    this.#wheel.add(connection);
    this.#turnover++;
    return connection;
  }

  /** A text frame came. */
  receive(connection: Connection, text: string): void {
    const now = this.#services.clock.now();
    connection.lastSeen = now;
    if (connection.phase === 'closing') return;
    if (this.#services.limits) {
      const { verdict, wait_ms } = connection.countFrame(now);
      if (verdict === 'close') return this.end(connection, 'flooding');
      if (verdict === 'refuse') {
        this.#services.metrics.drops.inc({ reason: 'flood' });
        return refuse(connection, { error: 'rate_limited', detail: 'frames', retry_after_ms: wait_ms });
      }
    }
    if (connection.phase === 'ready' && this.#wheel.isEcho(text)) return;
    if (!connection.inOrder(text, (next) => this.#handle(connection, next))) this.end(connection, 'flooding');
  }

  #handle(connection: Connection, text: string): Promise<void> | void {
    const start = performance.now();
    const decoded: Decoded<ClientFrame | ShortFrame> =
      connection.encoding === 'short' ? decodeShortFrame(text) : decodeClientFrame(text);
    this.#services.metrics.step('decode', start);
    if (!decoded.ok) {
      this.#services.metrics.refusals.inc({ error: decoded.error });
      return refuse(connection, { ref: decoded.ref, error: decoded.error, detail: decoded.detail });
    }
    if (connection.encoding === 'short') return dispatchShort(this.#services, connection, decoded.frame as ShortFrame);
    const before = connection.phase;
    const pending = dispatch(this.#services, connection, decoded.frame as ClientFrame);
    if (before === 'opening' && connection.phase === 'ready') this.#wheel.opened(connection);
    return pending;
  }

  /** A pong or other sign of life that is no frame. */
  alive(connection: Connection): void {
    connection.lastSeen = this.#services.clock.now();
  }

  /** The socket's buffer is empty again. */
  drained(connection: Connection): void {
    if (connection.lost || connection.deferred) caughtUp(connection);
  }

  /** The socket has closed, by whichever side. */
  closed(connection: Connection, code: number): void {
    const { hub, metrics, presence } = this.#services;
    const wasReady = connection.phase === 'ready';
    const logs = [...connection.logs];
    connection.phase = 'closing';
    this.#wheel.remove(connection);
    this.#turnover++;
    metrics.closed.inc({ code: String(code) });
    if (!wasReady) return;
    hub.remove(connection);
    presence.departed(connection, logs);
  }

  /** Closes a connection with a code of the registry. */
  end(connection: Connection, name: CloseName): void {
    const { code, text } = CLOSE_CODES[name];
    connection.socket.close(code, text);
  }

  /**
   * Asks every client to connect elsewhere, a batch at a time, and closes who is left at the end. Once `signal` is aborted
   * nobody further is asked or closed.
   *
   * @param within_ms the time for all of it.
   */
  async drain(within_ms: number, { signal, asked }: DrainOptions = {}): Promise<void> {
    const { clock } = this.#services;
    const all = [...this.#wheel.connections()];
    const pause = Math.min(250, within_ms / 2 / Math.max(1, Math.ceil(all.length / DRAIN_BATCH)));
    const wait = (ms: number) => new Promise<void>((resolve) => clock.after(ms, resolve));
    const deadline = clock.now() + within_ms;
    for (let i = 0; i < all.length && !signal?.aborted; i += DRAIN_BATCH) {
      const batch = all.slice(i, i + DRAIN_BATCH);
      for (const connection of batch) {
        if (connection.encoding === 'frames')
          sendFrame(connection, { type: 'migrate', within_ms: Math.ceil(within_ms / 4) });
        else this.end(connection, 'draining');
      }
      asked?.(batch.length);
      await wait(pause);
    }
    while (this.connections > 0 && clock.now() < deadline && !signal?.aborted) await wait(50);
    if (signal?.aborted) return;
    for (const connection of [...this.#wheel.connections()]) this.end(connection, 'draining');
  }

  close(): void {
    this.#wheel.stop();
    this.#leaveBus();
  }

  /** Once in a heartbeat: credentials that ended. */
  #lookOver(connection: Connection): void {
    const { expires_at } = connection.identity;
    const { clock, grace_ms = () => 0 } = this.#services;
    if (expires_at !== null && expires_at + grace_ms() < clock.now()) this.end(connection, 'token_expired');
  }

  #receive(record: BusRecord): void {
    if (record.kind === 'revoked') this.#revoked(record);
    else if (record.kind === 'changed') this.#changed(record);
  }

  #revoked({ user, session, reason }: Extract<BusRecord, { kind: 'revoked' }>): void {
    for (const connection of [...this.#services.hub.connectionsOf(user)]) {
      if (session === undefined || connection.identity.session === session) this.end(connection, reason);
    }
  }

  /** Tells the people concerned, and takes them off logs they may no longer read. */
  #changed({ what, id, user }: Extract<BusRecord, { kind: 'changed' }>): void {
    const { hub } = this.#services;
    const concerned = user === undefined ? [...hub.connections()] : hub.connectionsOf(user);
    for (const connection of concerned) {
      if (connection.encoding === 'frames') sendFrame(connection, { type: 'changed', what, id });
      if (what === 'membership' || what === 'channel') void this.#recheck(connection);
    }
  }

  async #recheck(connection: Connection): Promise<void> {
    const { access, hub, presence } = this.#services;
    for (const log of [...connection.logs]) {
      if ((await access.mayRead(connection.user, log)) === 'ok') continue;
      if (hub.unsubscribe(connection, log)) presence.left(connection, log);
    }
  }
}

/** The longest a drain may take before the process ends (S3). */
export const DRAIN_MS = 25_000;
