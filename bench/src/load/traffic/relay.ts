import type { Connection } from '../connection.ts';
import type { Group } from '../group.ts';
import { Histogram, type Summary } from '../histogram.ts';
import { type Pace, pace, settled } from '../pace.ts';
import { eachNumber, numberedText } from '../scan.ts';
import { IDLE } from '../wire.ts';
import { FIRST_REF } from '../wires/konferenco.ts';

/** Member `i` of `senders` talks to member `i` of `receivers`, and to nobody else. */
export interface Pairs {
  readonly senders: Group;
  readonly receivers: Group;
}

export interface RelayPlan {
  readonly size: number;
  readonly ms: number;
  /** Messages under way per pair. */
  readonly window: number;
}

export interface Relayed {
  readonly messages: number;
  readonly missing: number;
  readonly ms: number;
  readonly per_s: number;
}

const TAIL_MS = 10_000;

/** Every pair keeps `window` messages under way: the highest rate at which nothing queues without bound. */
export async function saturateRelay(pairs: Pairs, plan: RelayPlan): Promise<Relayed> {
  const start = performance.now();
  let last = start;
  let sent = 0;
  let received = 0;
  const sendFrom = (index: number, count: number) => {
    const sender = pairs.senders.connections[index];
    if (!sender || performance.now() - start > plan.ms) return;
    for (let left = count; left > 0; left--) say(sender, pairs.receivers.connections[index], plan.size, sent++);
    sender.flush();
  };
  pairs.receivers.sink = {
    delivered(connection, count) {
      received += count;
      last = performance.now();
      sendFrom(placeOf(pairs.receivers, connection), count);
    },
    replied: () => {},
  };
  for (let index = 0; index < pairs.senders.connections.length; index++) sendFrom(index, plan.window);
  await settled(() => performance.now() - start > plan.ms, plan.ms * 2);
  await settled(() => received >= sent, TAIL_MS);
  pairs.receivers.sink = IDLE;
  return { messages: received, missing: sent - received, ms: last - start, per_s: (received * 1000) / (last - start) };
}

export interface RelayTimes {
  readonly sent: number;
  readonly missing: number;
  /** From the planned moment of sending to the receiver's having it. */
  readonly latency: Summary;
}

/** Sends at an even pace, pair after pair, whatever comes back (open loop). */
export async function timeRelay(pairs: Pairs, size: number, schedule: Pace): Promise<RelayTimes> {
  const latency = new Histogram();
  const planned: number[] = [];
  pairs.receivers.sink = {
    delivered(_connection, _count, bytes, start, end) {
      const now = performance.now();
      eachNumber(bytes, { start, end }, (sequence) => latency.record(now - (planned[sequence] ?? now)));
    },
    replied: () => {},
  };
  const { connections } = pairs.senders;
  const sent = await pace(schedule, (at) => {
    const index = planned.length % connections.length;
    const sender = connections[index] as Connection;
    say(sender, pairs.receivers.connections[index], size, planned.length);
    planned.push(at);
    sender.flush();
  });
  await settled(() => latency.count >= sent, TAIL_MS);
  pairs.receivers.sink = IDLE;
  return { sent, missing: sent - latency.count, latency: latency.summary() };
}

function say(from: Connection, to: Connection | undefined, size: number, sequence: number): void {
  if (!to) throw new Error('a sender without a receiver');
  from.queue(from.group.wire.direct(from.user, to.user, numberedText(sequence, size), FIRST_REF + sequence));
}

/** Connections join in any order; the place in the group's list decides who belongs together. */
function placeOf(group: Group, connection: Connection): number {
  return group.connections[connection.index] === connection ? connection.index : group.connections.indexOf(connection);
}
