import type { Connection } from '../connection.ts';
import { byteAt } from '../frame.ts';
import { matches } from '../scan.ts';
import type { Wire } from '../wire.ts';

/** Engine.IO 4 packet types, and Socket.IO 5 packets inside `message`. */
const OPEN = 48;
const PING = 50;
const CONNECTED = Buffer.from('40');
const REFUSED = Buffer.from('44');
const EVENT = Buffer.from('42["message"');
const PRESENCE = Buffer.from('42["presence"');
const ACK = Buffer.from('430');

/** Socket.IO over its WebSocket transport, as its own client speaks it after the upgrade from polling is skipped. */
export const socketIoWire: Wire = {
  upgrade: (user) => ({ path: `/socket.io/?EIO=4&transport=websocket&token=${user}` }),
  opened: () => {},
  received(connection, bytes, start, end) {
    if (matches(bytes, EVENT, start, end)) return deliver(connection, bytes, start, end);
    const kind = byteAt(bytes, start);
    if (kind === PING) {
      connection.group.counters.heartbeats++;
      connection.queue('3');
    } else if (kind === OPEN) connection.queue(connectPacket(connection));
    else if (matches(bytes, PRESENCE, start, end)) connection.group.counters.presences++;
    else if (matches(bytes, CONNECTED, start, end)) join(connection, bytes.toString('latin1', start + 2, end));
    else if (matches(bytes, ACK, start, end)) connection.ready();
    else if (matches(bytes, REFUSED, start, end)) connection.fail(new Error(bytes.toString('latin1', start, end)));
  },
  publish: (_from, channel, text) => `42["publish","${channel}","${text}"]`,
  direct: (_from, to, text) => `42["direct","${to}","${text}"]`,
  presence: (channel, status) => `42["presence","${channel}","${status}"]`,
};

function connectPacket({ session }: Connection): string {
  return session ? `40${JSON.stringify({ pid: session.id, offset: session.position })}` : '40';
}

/** A resumed session keeps its rooms; a new one asks for its channel. */
function join(connection: Connection, json: string): void {
  const { pid } = JSON.parse(json) as { pid?: string };
  const resumed = pid !== undefined && pid === connection.session?.id;
  if (pid !== undefined && !resumed) connection.session = { id: pid, position: '' };
  const channels = connection.group.channelsOf(connection);
  if (resumed || channels.length === 0) connection.ready();
  else connection.queue(`420${JSON.stringify(['subscribe', channels.length === 1 ? channels[0] : channels])}`);
}

function deliver(connection: Connection, bytes: Buffer, start: number, end: number): void {
  connection.received++;
  connection.group.counters.bytes += end - start;
  // With connection state recovery the server appends the position to each event as its last argument.
  if (connection.session) {
    const event = JSON.parse(bytes.toString('utf8', start + 2, end)) as string[];
    connection.session.position = event.at(-1) ?? '';
  }
  connection.group.sink.delivered(connection, 1, bytes, start, end);
}
