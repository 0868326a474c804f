import type { Connection } from '../connection.ts';
import { find, matches } from '../scan.ts';
import type { Wire } from '../wire.ts';

const CHAT = Buffer.from('{"type":"chat"');
const TIMESTAMP = Buffer.from('"timestamp":');

/** The short frames of a simple load script (requirement P7): nothing is answered, every frame is one JSON object. */
export const shortWire: Wire = {
  upgrade: (user) => ({ path: `/ws?token=${user}` }),
  opened(connection) {
    if (connection.group.channel !== null)
      connection.queue(`{"type":"subscribe","channel":"${connection.group.channel}"}`);
    connection.ready();
  },
  received(connection, bytes, start, end) {
    const { group } = connection;
    if (!matches(bytes, CHAT, start, end)) return other(connection, bytes.toString('utf8', start, end));
    if (group.isSample()) check(connection, bytes.toString('utf8', start, end));
    connection.received++;
    group.counters.bytes += end - start;
    if (find(bytes, TIMESTAMP, start, end) < 0) group.counters.miscounted++;
    group.sink.delivered(connection, 1, bytes, start, end);
  },
  publish: (_from, channel, text) =>
    `{"type":"chat","channel":"${channel}","text":"${text}","timestamp":${Date.now()}}`,
  direct() {
    throw new Error('short frames know channels only');
  },
  presence() {
    throw new Error('short frames know no presence');
  },
};

function check(connection: Connection, json: string): void {
  const { timestamp } = JSON.parse(json) as { timestamp?: unknown };
  if (typeof timestamp !== 'number') connection.group.counters.miscounted++;
}

function other(connection: Connection, json: string): void {
  const frame = JSON.parse(json) as { type?: string; from?: number; to?: number; error?: string };
  if (frame.type === 'skipped') connection.group.counters.skipped += (frame.to ?? 0) - (frame.from ?? 0) + 1;
  else if (frame.type === 'error') connection.group.refused(frame.error ?? 'error');
  else if (frame.type === 'heartbeat') connection.group.counters.heartbeats++;
}
