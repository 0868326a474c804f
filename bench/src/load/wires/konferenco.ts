import { channelLog, LIMITS, SUBPROTOCOL } from '@konferenco/protocol';
import { type Connection, textFrame } from '../connection.ts';
import type { Group } from '../group.ts';
import { digits, find, matches, occurrences } from '../scan.ts';
import type { Wire } from '../wire.ts';

const frameType = (type: string) => Buffer.from(`{"type":"${type}"`);
const MESSAGE = frameType('message');
const INBOX = frameType('inbox');
const REPLY = Buffer.from('{"type":"reply","ref":');
const HEARTBEAT = Buffer.from('{"type":"heartbeat","nonce":');
const SKIPPED = frameType('skipped');
const ERROR = frameType('error');
const PRESENCE = frameType('presence');
const OFFSET = Buffer.from('"offset":');
const POINTER = Buffer.from('"inbox":');

const HELLO_REF = 1;
const SUBSCRIBE_REF = 2;
const WATCH_REF = 3;
/** The first `ref` free for traffic. */
export const FIRST_REF = 4;
/** An item is never shorter than this, so the search for the next one may skip as much. */
const ITEM_BYTES = 150;

/** `konferenco-v1`, from the bytes: a sample of frames is parsed in full to check that the scan sees the same. */
export const konferencoWire: Wire = {
  upgrade: (user, ticket) => ({
    path: ticket === undefined ? `/ws?token=${user}` : `/ws?ticket=${ticket}`,
    protocol: SUBPROTOCOL,
  }),
  opened: (connection) => connection.queue(`{"type":"hello","ref":${HELLO_REF},"client":"bench"}`),
  received(connection, bytes, start, end) {
    if (matches(bytes, MESSAGE, start, end)) deliver(connection, OFFSET, bytes, { start, end });
    else if (matches(bytes, INBOX, start, end)) {
      const count = deliver(connection, POINTER, bytes, { start, end });
      if (count > 0) advance(connection, count, bytes, end);
    } else if (matches(bytes, REPLY, start, end)) reply(connection, bytes, start, end);
    else if (matches(bytes, HEARTBEAT, start, end)) {
      connection.group.counters.heartbeats++;
      // As the SDK does it: who was heard of lately need not answer.
      if (Date.now() - connection.saidAt < LIMITS.answer_after_ms) return;
      connection.queueFrame(connection.group.echoOf(digits(bytes, start + HEARTBEAT.length), echoFrame));
    } else if (matches(bytes, PRESENCE, start, end)) connection.group.counters.presences++;
    else if (matches(bytes, SKIPPED, start, end)) skipped(connection, bytes, start, end);
    else if (matches(bytes, ERROR, start, end)) refused(connection, bytes, start, end);
  },
  publish: (from, channel, text, ref) => publishFrame(from, { type: 'channel', id: channel }, text, ref),
  direct: (from, to, text, ref) => publishFrame(from, { type: 'user', id: to }, text, ref),
  presence: (_channel, status) => `{"type":"presence","status":"${status}"}`,
};

function echoFrame(nonce: number): Buffer {
  return textFrame(`{"type":"heartbeat","nonce":${nonce}}`);
}

/** Acknowledges what the clients of a group have received since they last did so. */
export function acknowledgeAll({ owing }: Group): void {
  for (const connection of owing) {
    acknowledge(connection);
    connection.flush();
  }
}

function acknowledge(connection: Connection): void {
  connection.queue(`{"type":"ack","inbox":${connection.inbox}}`);
  connection.unacked = 0;
  connection.group.owing.delete(connection);
}

function publishFrame(from: string, to: { type: 'channel' | 'user'; id: string }, text: string, ref: number): string {
  const subtype = to.type === 'channel' ? 'channel_message' : 'direct_message';
  return (
    `{"type":"publish","ref":${ref},"envelope":{"id":"${Bun.randomUUIDv7()}","type":"chat","subtype":"${subtype}",` +
    `"from":{"user_id":"${from}"},"to":{"type":"${to.type}","id":"${to.id}"},"payload":{"text":"${text}"},` +
    `"timestamp":${Date.now()}}}`
  );
}

interface Range {
  readonly start: number;
  readonly end: number;
}

function deliver(connection: Connection, pattern: Buffer, bytes: Buffer, { start, end }: Range): number {
  const count = occurrences(bytes, pattern, start, end, ITEM_BYTES);
  const { group } = connection;
  if (group.isSample()) {
    const frame = JSON.parse(bytes.toString('utf8', start, end)) as { items: unknown[] };
    if (frame.items.length !== count) group.counters.miscounted++;
  }
  connection.received += count;
  group.counters.bytes += end - start;
  group.sink.delivered(connection, count, bytes, start, end);
  return count;
}

function advance(connection: Connection, count: number, bytes: Buffer, end: number): void {
  connection.inbox = digits(bytes, bytes.lastIndexOf(POINTER, end - 1) + POINTER.length);
  if (connection.unacked === 0) connection.group.owing.add(connection);
  connection.unacked += count;
  if (connection.unacked >= LIMITS.ack_every) acknowledge(connection);
}

function reply(connection: Connection, bytes: Buffer, start: number, end: number): void {
  const ref = digits(bytes, start + REPLY.length);
  if (ref >= FIRST_REF) return connection.group.sink.replied(connection, ref, bytes, start, end);
  const channels = ref === HELLO_REF ? connection.group.channelsOf(connection) : [];
  const [first] = channels;
  if (first !== undefined) {
    const logs = channels.map((channel) => `"${channelLog(channel)}"`).join(',');
    connection.queue(`{"type":"subscribe","ref":${SUBSCRIBE_REF},"logs":[${logs}]}`);
    if (connection.group.crowd) connection.queue(`{"type":"watch","ref":${WATCH_REF},"channels":["${first}"]}`);
  } else if (ref === WATCH_REF) return;
  else if (ref === SUBSCRIBE_REF && find(bytes, Buffer.from('"code":'), start, end) >= 0) {
    connection.fail(new Error(bytes.toString('utf8', start, end)));
  } else connection.ready();
}

function skipped(connection: Connection, bytes: Buffer, start: number, end: number): void {
  const { from, to } = JSON.parse(bytes.toString('utf8', start, end)) as { from: number; to: number };
  connection.group.counters.skipped += to - from + 1;
}

function refused(connection: Connection, bytes: Buffer, start: number, end: number): void {
  const { error, message } = JSON.parse(bytes.toString('utf8', start, end)) as { error: string; message: string };
  connection.group.refused(error);
  if (!connection.isOpen) connection.fail(new Error(`${error}: ${message}`));
}
