import type { Clock } from '@konferenco/core';
import { LIMITS } from '@konferenco/protocol';
import type { Connection } from './connection.ts';
import type { TopicPublisher } from './socket.ts';

/** Slots of the wheel: each second one of them gets its heartbeat, so each connection gets one every 30 s. */
const SLOTS = LIMITS.heartbeat_ms / 1000;

export function heartbeatTopic(slot: number): string {
  return `heartbeat#${slot}`;
}

export interface WheelDeps {
  readonly clock: Clock;
  readonly publisher: TopicPublisher;
  /** Ends a connection that gave no sign of life for 90 s. */
  readonly onSilent: (connection: Connection) => void;
  /** Looks a connection over once in a heartbeat: expiry of credentials. */
  readonly onTurn: (connection: Connection) => void;
  /** Called each second for a connection that does not keep up. */
  readonly onBehind: (connection: Connection) => void;
  /** Ends a connection that said no hello within 3 s. */
  readonly onNoHello: (connection: Connection) => void;
}

/**
 * Everything that ticks for connections, on one timer: heartbeats, time-outs, expiry and the wait for hello. A connection
 * costs no timer of its own.
 */
export class Wheel {
  readonly #deps: WheelDeps;
  readonly #slots: readonly Set<Connection>[] = Array.from({ length: SLOTS }, () => new Set<Connection>());
  /** Connections that do not keep up. */
  readonly laggards = new Set<Connection>();
  /** Connections without a hello, oldest first. */
  readonly #opening = new Set<Connection>();
  #turn = 0;
  #nonce = 0;
  /** What a client answers to the newest heartbeat, and to the one before; `null`: there was none. */
  #echo: string | null = null;
  #echoBefore: string | null = null;
  #timer: (() => void) | null = null;

  constructor(deps: WheelDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#timer = this.#deps.clock.after(1000, () => this.#tick());
  }

  stop(): void {
    this.#timer?.();
    this.#timer = null;
  }

  /** The slot for the next connection: the emptiest of two, so that load spreads without a search. */
  nextSlot(): number {
    this.#turn = (this.#turn + 7) % SLOTS;
    const other = (this.#turn + 13) % SLOTS;
    return (this.#slots[this.#turn]?.size ?? 0) <= (this.#slots[other]?.size ?? 0) ? this.#turn : other;
  }

  get size(): number {
    return this.#slots.reduce((sum, slot) => sum + slot.size, 0);
  }

  *connections(): Iterable<Connection> {
    for (const slot of this.#slots) yield* slot;
  }

  add(connection: Connection): void {
    this.#slots[connection.slot]?.add(connection);
    if (connection.phase === 'opening') this.#opening.add(connection);
    else if (connection.encoding === 'frames') connection.socket.subscribe(heartbeatTopic(connection.slot));
  }

  /** The connection said hello. */
  opened(connection: Connection): void {
    this.#opening.delete(connection);
    connection.socket.subscribe(heartbeatTopic(connection.slot));
  }

  /**
   * Whether a frame is the answer to one of the last two heartbeats, byte for byte as the SDK writes it: a sign of life that
   * need not be decoded. Any other answer is a frame like others.
   */
  isEcho(text: string): boolean {
    return text === this.#echo || text === this.#echoBefore;
  }

  remove(connection: Connection): void {
    this.#slots[connection.slot]?.delete(connection);
    this.#opening.delete(connection);
    this.laggards.delete(connection);
  }

  #tick(): void {
    this.start();
    const { clock, publisher, onSilent, onTurn, onBehind, onNoHello } = this.#deps;
    const now = clock.now();
    for (const connection of this.#opening) {
      if (now - connection.openedAt < LIMITS.hello_ms) break;
      this.#opening.delete(connection);
      onNoHello(connection);
    }
    for (const connection of [...this.laggards]) onBehind(connection);
    this.#nonce++;
    this.#echoBefore = this.#echo;
    this.#echo = `{"type":"heartbeat","nonce":${this.#nonce}}`;
    const slot = this.#nonce % SLOTS;
    for (const connection of this.#slots[slot] ?? []) {
      if (now - connection.lastSeen > LIMITS.timeout_ms) onSilent(connection);
      else {
        onTurn(connection);
        if (connection.encoding === 'short') connection.socket.ping();
      }
    }
    publisher.publish(heartbeatTopic(slot), `{"type":"heartbeat","nonce":${this.#nonce},"server_time":${now}}`);
  }
}
