import { channelLog, LIMITS } from '@konferenco/protocol';
import { type Address, type Connection, createConnector } from '../connection.ts';
import type { Group } from '../group.ts';
import { settled } from '../pace.ts';
import { numberedText } from '../scan.ts';
import { IDLE } from '../wire.ts';
import { FIRST_REF } from '../wires/konferenco.ts';

export interface Recovered {
  readonly messages: number;
  /** From the begin of the new connection to the last message that was missed. */
  readonly ms: number;
}

interface HistoryReply {
  readonly data: { readonly items: readonly { readonly offset: number }[]; readonly has_more: boolean };
}

/** Comes back to `channel` having everything up to `after`, and fetches page after page until nothing is missing. */
export async function recoverByCursor(
  group: Group,
  address: Address,
  gap: { channel: string; after: number },
): Promise<Recovered> {
  const start = performance.now();
  const connection = await createConnector(address)(group, 0, 'returning');
  const log = channelLog(gap.channel);
  let { after } = gap;
  let messages = 0;
  for (let ref = FIRST_REF, more = true; more; ref++) {
    const query = { type: 'history', ref, log, after, limit: LIMITS.page };
    const { data } = (await ask(connection, ref, JSON.stringify(query))) as HistoryReply;
    messages += data.items.length;
    after = data.items.at(-1)?.offset ?? after;
    more = data.has_more;
  }
  const ms = performance.now() - start;
  connection.terminate();
  return { messages, ms };
}

function ask(connection: Connection, ref: number, frame: string): Promise<unknown> {
  const { group } = connection;
  return new Promise((resolve) => {
    group.sink = {
      ...IDLE,
      replied(_connection, replied, bytes, start, end) {
        if (replied === ref) resolve(JSON.parse(bytes.toString('utf8', start, end)));
      },
    };
    connection.send(frame);
  });
}

export interface SessionGap {
  readonly channel: string;
  readonly size: number;
  /** Messages said while the first member is away. */
  readonly missed: number;
}

const LATEST_MS = 60_000;

/**
 * The first of two members is cut off, misses messages and comes back as the same session; the server then sends what
 * was missed of its own accord (Socket.IO's connection state recovery). The second member, who stays, tells when all
 * was said.
 */
export async function recoverBySession(
  members: Group,
  publisher: Connection,
  address: Address,
  gap: SessionGap,
): Promise<Recovered> {
  const [leaving, witness] = members.connections;
  if (!leaving || !witness) throw new Error('needs a member who leaves and one who stays');
  await sayOnce(publisher, witness, gap, 1);
  const gone = new Promise<void>((resolve) => (leaving.onClose = resolve));
  leaving.terminate();
  await gone;
  await sayOnce(publisher, witness, gap, gap.missed);

  const start = performance.now();
  let last = start;
  let messages = 0;
  members.sink = {
    ...IDLE,
    delivered(connection, count) {
      if (connection === witness) return;
      messages += count;
      last = performance.now();
    },
  };
  const back = await createConnector(address)(members, leaving.index, leaving.user, leaving.session);
  await settled(() => messages >= gap.missed, LATEST_MS);
  members.sink = IDLE;
  back.terminate();
  return { messages, ms: last - start };
}

async function sayOnce(
  publisher: Connection,
  witness: Connection,
  { channel, size }: SessionGap,
  count: number,
): Promise<void> {
  const before = witness.received;
  for (let said = 0; said < count; said++) {
    publisher.queue(publisher.group.wire.publish(publisher.user, channel, numberedText(said, size), FIRST_REF + said));
  }
  publisher.flush();
  await settled(() => witness.received - before >= count, LATEST_MS);
}
