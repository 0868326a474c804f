import type { Group } from '../group.ts';
import { Histogram, type Summary } from '../histogram.ts';
import { pace, settled } from '../pace.ts';
import { eachNumber, numberedText } from '../scan.ts';
import { IDLE } from '../wire.ts';
import { FIRST_REF } from '../wires/konferenco.ts';

export interface MeetingPlan {
  readonly channel: string;
  readonly size: number;
  /** How long everybody talks, and how often each. */
  readonly ms: number;
  readonly every_ms: number;
}

export interface Meeting {
  readonly posts: number;
  readonly deliveries: number;
  /** Deliveries the server announced as left out of a digest. */
  readonly skipped: number;
  /** Deliveries neither made nor announced as left out. */
  readonly missing: number;
  /** From the planned moment of a post to each of its deliveries. */
  readonly latency: Summary;
}

const TAIL_MS = 5_000;

/** Everyone in one channel posts in turn, each every `every_ms`, and everyone receives everything. */
export async function meet(members: Group, plan: MeetingPlan): Promise<Meeting> {
  const { connections } = members;
  const latency = new Histogram();
  const planned: number[] = [];
  const skippedBefore = members.counters.skipped;
  members.sink = {
    ...IDLE,
    delivered(_connection, _count, bytes, start, end) {
      const now = performance.now();
      eachNumber(bytes, { start, end }, (sequence) => latency.record(now - (planned[sequence] ?? now)));
    },
  };
  const posts = await pace({ per_s: (connections.length * 1000) / plan.every_ms, ms: plan.ms }, (at) => {
    const poster = connections[planned.length % connections.length];
    poster?.send(
      members.wire.publish(
        poster.user,
        plan.channel,
        numberedText(planned.length, plan.size),
        FIRST_REF + planned.length,
      ),
    );
    planned.push(at);
  });
  const skipped = () => members.counters.skipped - skippedBefore;
  await settled(() => latency.count + skipped() >= posts * connections.length, TAIL_MS);
  members.sink = IDLE;
  const missing = posts * connections.length - latency.count - skipped();
  return { posts, deliveries: latency.count, skipped: skipped(), missing, latency: latency.summary() };
}
