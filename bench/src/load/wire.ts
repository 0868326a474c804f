import type { Connection } from './connection.ts';
import type { Upgrade } from './handshake.ts';

export type WireName = 'raw' | 'socket.io' | 'konferenco' | 'short';

export type Status = 'online' | 'away' | 'busy';

/** One peer's protocol above WebSocket frames, from the client's side. Stateless: what changes lives in the connection. */
export interface Wire {
  /** `ticket`: a credential fetched beforehand, where the protocol has such. */
  upgrade(user: string, ticket: string | undefined): Upgrade;
  /** The upgrade was accepted: begin to join. Ends with `connection.ready()` or `connection.fail()`. */
  opened(connection: Connection): void;
  /** One text frame came; its payload is `bytes` from `start` to before `end`. */
  received(connection: Connection, bytes: Buffer, start: number, end: number): void;
  /** The frame that says `text` to everyone in `channel`. `ref` numbers it where the protocol answers. */
  publish(from: string, channel: string, text: string, ref: number): string;
  /** The frame that says `text` to one user. */
  direct(from: string, to: string, text: string, ref: number): string;
  /** The frame that sets one's own status; those who look at `channel` are told. */
  presence(channel: string, status: Status): string;
}

/** Where a group's traffic is counted. Exchanged between the phases of a scenario. */
export interface Sink {
  /** `count` messages lie in `bytes` from `start` to before `end`. */
  delivered(connection: Connection, count: number, bytes: Buffer, start: number, end: number): void;
  /** The server answered the frame numbered `ref`; the reply is `bytes` from `start` to before `end`. */
  replied(connection: Connection, ref: number, bytes: Buffer, start: number, end: number): void;
}

export const IDLE: Sink = { delivered: () => {}, replied: () => {} };
