import type { Identity } from '@konferenco/core';
import { type ClientFrame, LIMITS, type LogName } from '@konferenco/protocol';
import type { PollRequest, StreamRequest } from '@konferenco/protocol/schema';
import { unhear } from '../handlers/subscribe.ts';
import type { Services } from '../handlers/services.ts';
import type { Connection } from './connection.ts';
import type { Gateway } from './gateway.ts';
import { KEEP_ALIVE } from './stream-event.ts';
import { StreamSocket } from './stream-socket.ts';
import type { StreamTopics } from './stream-topics.ts';

/** How often a stream on which nothing is said gets a comment: well within the 12 s after which Bun cuts what is idle. */
const KEEP_ALIVE_MS = 5_000;
/** What an answer to a poll waits for once it has something: the rest of the same moment. */
const GATHER_MS = 10;
/** What is left of a round for the way there and back. */
const WAY_MS = 50;
/** Streams and polling sessions that one user may have on this node; the oldest gives way. */
const MOST_OF_ONE_USER = 32;

/** A session between two polls: its connection stays for 90 s after the last one, and gathers what comes meanwhile. */
export interface PollSession {
  readonly connection: Connection;
  readonly socket: StreamSocket;
  /** The watch frame in force, as text. */
  watched: string;
}

export interface StreamsDeps {
  readonly gateway: Gateway;
  readonly services: Services;
  readonly topics: StreamTopics;
}

/**
 * Live parts of sessions that come over requests instead of WebSockets (P2). Each request says all that is wanted and what
 * the client has, so that any node can answer any of them.
 */
export class Streams {
  readonly #deps: StreamsDeps;
  readonly #streams = new Set<StreamSocket>();
  /** By the session's key. */
  readonly #polls = new Map<string, PollSession>();
  #cancelKeepAlive: (() => void) | null = null;

  constructor(deps: StreamsDeps) {
    this.#deps = deps;
  }

  /** Open streams, and sessions between polls. */
  get counts(): { readonly sse: number; readonly poll: number } {
    return { sse: this.#streams.size, poll: this.#polls.size };
  }

  /**
   * Begins a stream. Nothing more is received on it, so it lives for one lease of 90 s; clients begin the next one before.
   */
  open(identity: Identity, request: StreamRequest): StreamSocket {
    const { socket, connection } = this.#connect(identity, () => this.#streams.delete(socket));
    this.#streams.add(socket);
    this.#cancelKeepAlive ??= this.#planKeepAlive();
    this.#receive(connection, [request.hello, request.subscribe, request.watch]);
    return socket;
  }

  /** The session that polled here with the same credentials before, unless these have ended. */
  find(session: string, token: string): PollSession | undefined {
    const known = this.#polls.get(`${session} ${token}`);
    const ends = known?.connection.identity.expires_at ?? null;
    return ends !== null && ends < this.#deps.services.clock.now() ? undefined : known;
  }

  /** Begins a session whose first round is `request`. */
  begin(identity: Identity, request: PollRequest, token: string): PollSession {
    const key = `${request.session} ${token}`;
    this.#polls.get(key)?.socket.abandon();
    const { socket, connection } = this.#connect(identity, () => this.#polls.delete(key));
    const session = { connection, socket, watched: JSON.stringify(request.watch) };
    this.#polls.set(key, session);
    this.#receive(connection, [request.hello, request.subscribe, request.watch]);
    return session;
  }

  /** A further round of a session: what it asks anew is done. */
  renew(session: PollSession, request: PollRequest): void {
    const { connection } = session;
    this.#deps.gateway.alive(connection);
    this.#deps.services.presence.set(connection, request.hello.status ?? 'online');
    this.#align(connection, request.subscribe);
    const watched = JSON.stringify(request.watch);
    if (watched === session.watched) return;
    session.watched = watched;
    this.#receive(connection, [request.watch]);
  }

  /**
   * What there is for a session, as soon as there is something and after {@link LIMITS.poll_ms} at the latest. When the
   * answer cannot be delivered (`gone`), the session ends: what it took is lost, and positions tell the next one.
   */
  async answer({ socket }: PollSession, gone: AbortSignal): Promise<Uint8Array> {
    const { clock } = this.#deps.services;
    const abandon = () => socket.abandon();
    gone.addEventListener('abort', abandon, { once: true });
    let cancel = () => {};
    const over = new Promise<void>((resolve) => {
      cancel = clock.after(LIMITS.poll_ms - GATHER_MS - WAY_MS, resolve);
    });
    await Promise.race([socket.ready(), over]);
    cancel();
    if (socket.isOpen) await new Promise<void>((resolve) => clock.after(GATHER_MS, resolve));
    gone.removeEventListener('abort', abandon);
    return socket.take();
  }

  /** Stops what ticks. Connections are closed before. */
  close(): void {
    this.#cancelKeepAlive?.();
  }

  #connect(identity: Identity, over: () => void): { readonly socket: StreamSocket; readonly connection: Connection } {
    const { gateway, services, topics } = this.#deps;
    this.#makeRoom(identity.user);
    const socket = new StreamSocket({ topics, limit: services.sendBuffer });
    const connection = gateway.open(socket, identity, 'frames');
    socket.listen({
      drained: () => gateway.drained(connection),
      closed: (code) => {
        over();
        gateway.closed(connection, code);
      },
    });
    return { socket, connection };
  }

  #receive(connection: Connection, frames: readonly (ClientFrame | undefined)[]): void {
    for (const frame of frames) if (frame) this.#deps.gateway.receive(connection, JSON.stringify(frame));
  }

  /** Makes a session's subscriptions those of its newest round. A log without a position wants to be told where it stands. */
  #align(connection: Connection, frame: StreamRequest['subscribe']): void {
    const wanted = new Set<LogName>(frame?.logs);
    for (const log of [...connection.logs]) if (!wanted.has(log)) unhear(this.#deps.services, connection, log);
    const isAsked = (log: LogName) => !connection.logs.includes(log) || frame?.after?.[log] === undefined;
    const logs = [...wanted].filter(isAsked);
    if (frame && logs.length > 0) this.#receive(connection, [{ ...frame, logs }]);
  }

  #makeRoom(user: string): void {
    const own = this.#deps.services.hub.connectionsOf(user).filter(({ socket }) => socket instanceof StreamSocket);
    for (const connection of own.slice(0, Math.max(0, own.length + 1 - MOST_OF_ONE_USER))) {
      this.#deps.gateway.end(connection, 'migrate');
    }
  }

  #planKeepAlive(): () => void {
    return this.#deps.services.clock.after(KEEP_ALIVE_MS, () => {
      for (const socket of this.#streams) if (socket.getBufferedAmount() === 0) socket.sendEvent(KEEP_ALIVE);
      this.#cancelKeepAlive = this.#streams.size > 0 ? this.#planKeepAlive() : null;
    });
  }
}
