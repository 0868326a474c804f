import { ERROR_CODES, type ErrorName, LIMITS, type LogName, type ServerFrame } from '@konferenco/protocol';
import type { Connection } from './connection.ts';

/** Replies of at least this many characters are compressed; live fan-out never is (20 µs against 9 a delivery). */
const COMPRESS_FROM = 1024;

/** Replies one connection may have waiting for its buffer to empty. */
const MOST_DEFERRED = 32;

/** Sends a frame about `log` to one connection. A frame that cannot be taken makes the log one to fetch again. */
export function sendLive(connection: Connection, log: LogName, text: string, now: number): void {
  if (connection.phase === 'closing') return;
  if (connection.lost?.has(log)) return;
  if (connection.socket.send(text) === 0) markLost(connection, log, now);
}

/** Sends a frame that is not repeated: a notice, a presence change. */
export function sendFrame(connection: Connection, frame: ServerFrame): void {
  if (connection.phase !== 'closing') connection.socket.send(JSON.stringify(frame));
}

/**
 * Answers a request. While the connection has half its buffer waiting, the reply waits too.
 *
 * @returns false when too many replies wait already; the connection is too slow to be answered.
 */
export function reply(connection: Connection, ref: number | undefined, data: string, sendBuffer: number): boolean {
  if (ref === undefined || connection.phase === 'closing') return true;
  const text = `{"type":"reply","ref":${ref},"data":${data}}`;
  if (connection.deferred === null && connection.socket.getBufferedAmount() < sendBuffer / 2) {
    connection.socket.send(text, text.length >= COMPRESS_FROM);
    return true;
  }
  connection.deferred ??= [];
  // The request being answered is the last thing heard, so this is the time.
  connection.fellBehind(connection.lastSeen);
  if (connection.deferred.length >= MOST_DEFERRED) return false;
  connection.deferred.push(() => connection.socket.send(text, text.length >= COMPRESS_FROM));
  return true;
}

export interface Refused {
  readonly ref?: number | undefined;
  readonly error: ErrorName;
  readonly detail?: string | undefined;
  readonly retry_after_ms?: number | undefined;
}

/** The frame that refuses a request. */
export function errorFrame({ ref, error, detail, retry_after_ms }: Refused): string {
  const { code, text } = ERROR_CODES[error];
  const message = detail ? `${text} (${detail})` : text;
  return JSON.stringify({ type: 'error', ref, code, error, message, retry_after_ms });
}

export function refuse(connection: Connection, refused: Refused): void {
  if (connection.phase !== 'closing') connection.socket.send(errorFrame(refused));
}

/** From now on the connection gets no live frames of `log` until it has caught up and asked again. */
export function markLost(connection: Connection, log: LogName, now: number): void {
  connection.lost ??= new Set();
  connection.fellBehind(now);
  connection.lost.add(log);
}

/** The buffer is empty again: sends what waited, and says which logs to fetch. */
export function caughtUp(connection: Connection): void {
  const { deferred, lost } = connection;
  connection.deferred = null;
  connection.lost = null;
  connection.keepsUp();
  for (const send of deferred ?? []) send();
  for (const log of lost ?? []) sendFrame(connection, { type: 'resync', log });
}

/** Whether the connection has been unable to keep up for longer than a write may take. */
export function isStalled(connection: Connection, now: number): boolean {
  return connection.behindSince !== 0 && now - connection.behindSince > LIMITS.write_ms;
}
