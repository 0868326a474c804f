import type { Connection } from '../connection.ts';
import type { Group } from '../group.ts';
import { Histogram, type Summary } from '../histogram.ts';
import { type Pace, pace, settled } from '../pace.ts';
import { numberedText } from '../scan.ts';
import { IDLE } from '../wire.ts';
import { FIRST_REF } from '../wires/konferenco.ts';

export interface PublishPlan {
  /** Publisher `i` says everything in channel number `i` modulo the length of this list. */
  readonly channels: readonly string[];
  readonly size: number;
  /** Ends after this time, or after `count` messages if that is given. */
  readonly ms: number;
  readonly count?: number;
  /** Publications per connection that are not yet acknowledged. */
  readonly window: number;
}

export interface Published {
  readonly acknowledged: number;
  readonly missing: number;
  readonly ms: number;
  readonly per_s: number;
  /** From sending to the acknowledgement, which comes after the message is on disk. */
  readonly latency: Summary;
}

const TAIL_MS = 10_000;

/** Every publisher keeps `window` publications unacknowledged; the rate is what the server acknowledges. */
export async function saturatePublish(publishers: Group, plan: PublishPlan): Promise<Published> {
  const latency = new Histogram();
  const sentAt = publishers.connections.map(() => new Map<number, number>());
  const limit = plan.count ?? Number.POSITIVE_INFINITY;
  const start = performance.now();
  let last = start;
  let sent = 0;
  const isOver = () => sent >= limit || performance.now() - start > plan.ms;
  const say = (connection: Connection, count: number) => {
    const channel = plan.channels[connection.index % plan.channels.length] ?? '';
    for (let left = count; left > 0 && !isOver(); left--) {
      const ref = FIRST_REF + sent;
      sentAt[connection.index]?.set(ref, performance.now());
      connection.queue(connection.group.wire.publish(connection.user, channel, numberedText(sent++, plan.size), ref));
    }
    connection.flush();
  };
  publishers.sink = {
    delivered: () => {},
    replied(connection, ref) {
      last = performance.now();
      const own = sentAt[connection.index];
      latency.record(last - (own?.get(ref) ?? last));
      own?.delete(ref);
      say(connection, 1);
    },
  };
  for (const connection of publishers.connections) say(connection, plan.window);
  await settled(isOver, plan.ms * 2);
  await settled(() => latency.count >= sent, TAIL_MS);
  publishers.sink = IDLE;
  const ms = last - start;
  return {
    acknowledged: latency.count,
    missing: sent - latency.count,
    ms,
    per_s: (latency.count * 1000) / ms,
    latency: latency.summary(),
  };
}

export interface TimedPublishPlan extends Pace {
  readonly channels: readonly string[];
  readonly size: number;
}

export interface TimedPublished {
  readonly sent: number;
  readonly missing: number;
  /** From the planned moment of sending to the acknowledgement. */
  readonly latency: Summary;
}

/** Publishers take turns at an even pace, whatever comes back (open loop). */
export async function timePublish(publishers: Group, plan: TimedPublishPlan): Promise<TimedPublished> {
  const latency = new Histogram();
  const planned: number[] = [];
  publishers.sink = {
    delivered: () => {},
    replied(_connection, ref) {
      const now = performance.now();
      latency.record(now - (planned[ref - FIRST_REF] ?? now));
    },
  };
  const { connections, wire } = publishers;
  const sent = await pace(plan, (at) => {
    const sequence = planned.length;
    const connection = connections[sequence % connections.length] as Connection;
    const channel = plan.channels[connection.index % plan.channels.length] ?? '';
    connection.send(wire.publish(connection.user, channel, numberedText(sequence, plan.size), FIRST_REF + sequence));
    planned.push(at);
  });
  await settled(() => latency.count >= sent, TAIL_MS);
  publishers.sink = IDLE;
  return { sent, missing: sent - latency.count, latency: latency.summary() };
}
