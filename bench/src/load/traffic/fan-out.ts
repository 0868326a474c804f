import type { Connection } from '../connection.ts';
import type { Group } from '../group.ts';
import { Histogram, type Summary } from '../histogram.ts';
import { pace, settled } from '../pace.ts';
import { numberedText } from '../scan.ts';
import { FIRST_REF } from '../wires/konferenco.ts';
import { IDLE, type Sink } from '../wire.ts';

export interface Saturation {
  readonly channel: string;
  /** Bytes of text in a publication. */
  readonly size: number;
  readonly ms: number;
  /** Publications sent but not yet with every member. */
  readonly window: number;
}

export interface Saturated {
  readonly publications: number;
  readonly deliveries: number;
  /** Deliveries that had not come 10 s after the last publication. */
  readonly missing: number;
  readonly ms: number;
  readonly per_s: number;
  /** Payload bytes of a frame, divided by the messages in it. */
  readonly bytes_per_delivery: number;
}

const TAIL_MS = 10_000;

/**
 * Publishes as fast as deliveries come back, with at most `window` publications under way. Each member's messages are
 * counted one by one: a member that misses one shows as `missing`.
 */
export async function saturateFanOut(members: Group, publisher: Connection, plan: Saturation): Promise<Saturated> {
  const before = members.connections.map(({ received }) => received);
  const bytes = members.counters.bytes;
  const size = members.connections.length;
  const start = performance.now();
  let last = start;
  let published = 0;
  let delivered = 0;
  const refill = () => {
    const under = published - Math.floor(delivered / size);
    if (under > plan.window / 2 || performance.now() - start > plan.ms) return;
    for (let more = plan.window - under; more > 0; more--) publish(publisher, plan, published++);
    publisher.flush();
  };
  members.sink = {
    delivered(_connection, count) {
      delivered += count;
      last = performance.now();
      refill();
    },
    replied: () => {},
  };
  refill();
  await settled(() => performance.now() - start > plan.ms, plan.ms * 2);
  await settled(() => delivered >= published * size, TAIL_MS);
  members.sink = IDLE;
  const missing = members.connections.reduce(
    (sum, { received }, at) => sum + Math.abs(published - (received - (before[at] ?? 0))),
    0,
  );
  return {
    publications: published,
    deliveries: delivered,
    missing,
    ms: last - start,
    per_s: (delivered * 1000) / (last - start),
    bytes_per_delivery: (members.counters.bytes - bytes) / delivered,
  };
}

export interface Rounds {
  readonly channel: string;
  readonly size: number;
  readonly count: number;
  /** Publications per second; low enough that one has reached everybody before the next. */
  readonly per_s: number;
}

export interface RoundTimes {
  /** From the planned moment of a publication to its first and to its last delivery. */
  readonly first: Summary;
  readonly last: Summary;
  readonly missing: number;
}

/** Publishes at an even pace and measures how long each publication takes to reach the first and the last member. */
export async function timeFanOut(members: Group, publisher: Connection, plan: Rounds): Promise<RoundTimes> {
  const size = members.connections.length;
  const first = new Histogram();
  const last = new Histogram();
  const planned: number[] = [];
  let delivered = 0;
  members.sink = countingSink((count) => {
    const now = performance.now();
    if (delivered % size === 0) first.record(now - (planned[delivered / size] ?? now));
    for (let left = count; left > 0; left--) {
      if (++delivered % size === 0) last.record(now - (planned[delivered / size - 1] ?? now));
    }
  });
  const ms = (plan.count * 1000) / plan.per_s;
  const sent = await pace({ per_s: plan.per_s, ms }, (at) => {
    planned.push(at);
    publish(publisher, plan, planned.length);
    publisher.flush();
  });
  await settled(() => delivered >= sent * size, TAIL_MS);
  members.sink = IDLE;
  return { first: first.summary(), last: last.summary(), missing: sent * size - delivered };
}

function countingSink(count: (count: number) => void): Sink {
  return { delivered: (_connection, more) => count(more), replied: () => {} };
}

function publish(publisher: Connection, plan: { channel: string; size: number }, sequence: number): void {
  const { wire } = publisher.group;
  publisher.queue(wire.publish(publisher.user, plan.channel, numberedText(sequence, plan.size), FIRST_REF + sequence));
}
