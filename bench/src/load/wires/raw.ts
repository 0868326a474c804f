import type { Wire } from '../wire.ts';
import { matches } from '../scan.ts';

const JOINED = Buffer.from('joined');

/** Plain text frames, for the bare `ws` and Bun servers beside: a letter, a name, a space, a text. */
export const rawWire: Wire = {
  upgrade: (user) => ({ path: `/ws?token=${user}` }),
  opened(connection) {
    const [channel] = connection.group.channelsOf(connection);
    if (channel === undefined) connection.ready();
    else connection.queue(`s${channel}`);
  },
  received(connection, bytes, start, end) {
    if (!connection.isOpen && matches(bytes, JOINED, start, end)) return connection.ready();
    connection.received++;
    connection.group.counters.bytes += end - start;
    connection.group.sink.delivered(connection, 1, bytes, start, end);
  },
  publish: (_from, channel, text) => `p${channel} ${text}`,
  direct: (_from, to, text) => `d${to} ${text}`,
  presence() {
    throw new Error('plain frames know no presence');
  },
};
