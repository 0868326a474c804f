import { CLOSE_CODES, type Comeback, comebackOf, type ReplyOf, type ServerFrame } from '@konferenco/protocol';
import {
  type ConnectionEffect,
  type ConnectionInput,
  type ConnectionState,
  linkOf,
  stepConnection,
} from './connection-state.ts';
import { asError } from './errors.ts';
import { BROKEN_OFF } from './reconnect.ts';
import type { Access, TransportSocket } from './transport/request-socket.ts';
import type { Failure } from './transport/transport-choice.ts';
import { Transports } from './transport/transports.ts';
import type { Environment, Link, Socket } from './types.ts';

/** From the beginning of a try to the reply to hello. Long enough for a slow link's handshakes. */
export const CONNECT_TIMEOUT_MS = 20_000;
/** The same for a WebSocket alone: a network that swallows it must not keep people waiting for what does work. */
export const WEBSOCKET_TIMEOUT_MS = 8_000;

/** What the connection needs of those who use it. */
export interface ConnectionHost {
  /** The socket's address with its ticket. Rejects with a KonferencoError. */
  address(refresh: boolean): Promise<string>;
  /** Where requests go when there is no socket. Rejects with a KonferencoError. */
  access(refresh: boolean): Promise<Access>;
  /** The fields of a hello. */
  hello(): object;
  /** Says hello over the open socket; resolves with the server's reply. */
  greet(): Promise<ReplyOf<'hello'>>;
  greeted(reply: ReplyOf<'hello'>): void;
  frame(frame: ServerFrame): void;
  /** The socket is gone, whoever closed it. */
  lost(): void;
  /** The connection broke off, and its node may be gone. Told before {@link lost}. */
  brokeOff(): void;
  link(link: Link): void;
}

/** Holds the one connection, by whichever transport works, and performs what the pure state machine decides. */
export class Connection {
  readonly #environment: Environment;
  readonly #host: ConnectionHost;
  #state: ConnectionState = { kind: 'idle' };
  #socket: Socket | null = null;
  /** Counts tries, so that what an abandoned one still reports is ignored. */
  #try = 0;
  #cancelWait: () => void = () => {};
  #cancelWatch: () => void = () => {};
  #cancelMigration: () => void = () => {};
  #silence_ms = CONNECT_TIMEOUT_MS;
  #heardAt = 0;
  readonly #stopNetwork: () => void;
  readonly #transports: Transports;
  /** The present try's socket, once it has one: only then its end says something about the transport. */
  #tried: TransportSocket | null = null;

  constructor(environment: Environment, host: ConnectionHost) {
    this.#environment = environment;
    this.#host = host;
    this.#transports = new Transports({
      environment,
      address: (refresh) => host.address(refresh),
      access: (refresh) => host.access(refresh),
      hello: () => host.hello(),
      better: () => this.#input({ kind: 'migrate' }),
    });
    this.#stopNetwork = environment.network.subscribe(() => {
      if (this.#state.kind === 'online') this.#checkSilence();
      if (this.#state.kind === 'offline') this.#transports.arrived();
      this.#input({ kind: 'network', online: environment.network.online() });
    });
  }

  get link(): Link {
    return linkOf(this.#state);
  }

  connect(): void {
    this.#input({ kind: 'connect' });
  }

  reconnectNow(): void {
    this.#input({ kind: 'retry_now' });
  }

  signOut(code: number, reason: string): void {
    this.#input({ kind: 'sign_out', code, reason });
  }

  close(): void {
    this.#stopNetwork();
    this.#input({ kind: 'close' });
  }

  /** False when there is no open socket. */
  send(text: string): boolean {
    if (!this.#socket) return false;
    this.#socket.send(text);
    return true;
  }

  /** Leaves for another node at a random moment within the time, so that a node's clients do not all arrive together. */
  migrate(within_ms: number): void {
    this.#cancelMigration();
    this.#cancelMigration = this.#environment.after(Math.floor(this.#environment.random() * within_ms), () =>
      this.#input({ kind: 'migrate' }),
    );
  }

  #input(input: ConnectionInput): void {
    const { now, random, network } = this.#environment;
    const before = linkOf(this.#state);
    const step = stepConnection(this.#state, input, { now: now(), random: random(), online: network.online() });
    this.#state = step.state;
    for (const effect of step.effects) this.#perform(effect);
    const after = linkOf(this.#state);
    if (JSON.stringify(before) !== JSON.stringify(after)) this.#host.link(after);
  }

  #perform(effect: ConnectionEffect): void {
    switch (effect.kind) {
      case 'open':
        void this.#open(effect.refresh);
        break;
      case 'drop':
        this.#drop();
        break;
      case 'wait':
        this.#cancelWait = this.#environment.after(effect.ms, () => this.#input({ kind: 'wait_over' }));
        break;
      case 'stop_waiting':
        this.#cancelWait();
        break;
    }
  }

  async #open(refresh: boolean): Promise<void> {
    const attempt = ++this.#try;
    this.#tried = null;
    this.#silence_ms = CONNECT_TIMEOUT_MS;
    this.#heard();
    this.#watchSilence();
    try {
      const socket = await this.#transports.open(refresh);
      if (attempt !== this.#try) return socket.close(1000, '');
      this.#tried = socket;
      this.#listen(attempt, socket);
      if (this.#transports.kind !== 'websocket') return;
      this.#silence_ms = WEBSOCKET_TIMEOUT_MS;
      this.#heard();
      this.#watchSilence();
    } catch (thrown) {
      if (attempt !== this.#try) return;
      const error = asError(thrown);
      const comeback: Comeback = error.recourse === 'after_sign_in' ? 'never' : 'with_backoff';
      this.#input({
        kind: 'lost',
        comeback,
        code: error.code,
        reason: error.message,
        retry_after_ms: error.retry_after_ms,
      });
    }
  }

  #listen(attempt: number, socket: TransportSocket): void {
    const current = () => attempt === this.#try;
    socket.onopen = () => {
      if (!current()) return;
      this.#socket = socket;
      void this.#greet(current);
    };
    socket.onmessage = (text) => {
      if (!current()) return;
      this.#heard();
      const frame = readFrame(text);
      if (frame) this.#host.frame(frame);
      else this.#lose(CLOSE_CODES.protocol_violation.code, 'a frame that is not JSON', 'with_backoff');
    };
    socket.onclose = (code, reason) => {
      if (!current()) return;
      this.#socket = null;
      if (this.#state.kind === 'connecting') this.#transports.failed(socket.failure ?? failureOf(code));
      this.#lose(code, reason, comebackOf(code));
    };
    this.#unlisten = () => {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close(1000, '');
    };
  }
  #unlisten: () => void = () => {};

  async #greet(current: () => boolean): Promise<void> {
    try {
      const reply = await this.#host.greet();
      if (!current()) return;
      this.#silence_ms = reply.heartbeat_ms * 2;
      this.#watchSilence();
      const { kind } = this.#transports;
      this.#transports.worked();
      this.#input({ kind: 'greeted', transport: kind === 'websocket' ? undefined : kind });
      this.#host.greeted(reply);
    } catch (thrown) {
      if (!current()) return;
      const error = asError(thrown);
      const comeback: Comeback = error.recourse === 'after_sign_in' ? 'after_refresh' : 'with_backoff';
      this.#input({
        kind: 'lost',
        comeback,
        code: error.code,
        reason: error.message,
        retry_after_ms: error.retry_after_ms,
      });
    }
  }

  #lose(code: number, reason: string, comeback: Comeback): void {
    if (reason === BROKEN_OFF && this.#state.kind === 'online') this.#host.brokeOff();
    const seconds = /^\d+$/.test(reason) ? Number(reason) : undefined;
    const retry_after_ms =
      comeback === 'with_backoff' && code >= 4100 && seconds !== undefined ? seconds * 1000 : undefined;
    this.#input({ kind: 'lost', comeback, code, reason, retry_after_ms });
  }

  #drop(): void {
    this.#try++;
    this.#cancelWatch();
    this.#cancelMigration();
    this.#transports.lost();
    this.#socket = null;
    const unlisten = this.#unlisten;
    this.#unlisten = () => {};
    unlisten();
    this.#host.lost();
  }

  #heard(): void {
    this.#heardAt = this.#environment.now();
  }

  #watchSilence(): void {
    this.#cancelWatch();
    const rest = this.#heardAt + this.#silence_ms - this.#environment.now();
    this.#cancelWatch = this.#environment.after(Math.max(rest, 0), () => {
      if (!this.#checkSilence()) this.#watchSilence();
    });
  }

  /** Ends a connection on which nothing was heard for too long; true when it did. */
  #checkSilence(): boolean {
    if (this.#environment.now() - this.#heardAt < this.#silence_ms) return false;
    if (this.#state.kind === 'connecting') this.#transports.silent(this.#tried);
    this.#lose(
      CLOSE_CODES.heartbeat_missed.code,
      CLOSE_CODES.heartbeat_missed.text,
      this.#state.kind === 'online' ? 'at_once' : 'with_backoff',
    );
    return true;
  }
}

/** What a WebSocket that closed before the reply to hello says of the way. Only who speaks the protocol closes with its codes. */
function failureOf(code: number): Failure {
  return code >= 4000 ? 'refused' : 'unknown';
}

/** The frame, or `null` when the text is none. Unknown members and types are left to the reader, who ignores them. */
function readFrame(text: string): ServerFrame | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'type' in value ? (value as ServerFrame) : null;
  } catch {
    return null;
  }
}
