import type { Connection } from '../connection.ts';
import type { Crowd } from '../crowd.ts';
import type { Group } from '../group.ts';
import { Histogram, type Recorded } from '../histogram.ts';
import { pace } from '../pace.ts';
import { digits, nextNumber, numberedText } from '../scan.ts';
import { IDLE, type Status } from '../wire.ts';
import { FIRST_REF } from '../wires/konferenco.ts';

/** The part of a crowd's talk that one load process makes. */
export interface TalkPlan {
  /** Messages a second. */
  readonly messages_per_s: number;
  /** Changes of status a second. */
  readonly presences_per_s: number;
  readonly ms: number;
  /** Bytes of text. */
  readonly size: number;
}

export interface Talked {
  readonly messages: number;
  readonly presences: number;
}

export interface Heard {
  /** Messages delivered. */
  readonly deliveries: number;
  /** Frames about the presence of others. */
  readonly presences: number;
  /** Messages the server confirmed, where its protocol does so. */
  readonly confirmed: number;
  /** From the planned moment of a message to each of its deliveries, wherever it was sent. */
  readonly latency: Recorded;
}

/** Texts carry the moment they were planned for, in microseconds of a clock all processes share, modulo what ten digits hold. */
const WRAP_US = 10_000_000_000;

const { timeOrigin } = performance;

function microseconds(at: number): number {
  return Math.floor((timeOrigin + at) * 1000) % WRAP_US;
}

function betweenMs(planned_us: number, now_us: number): number {
  return ((now_us - planned_us + WRAP_US) % WRAP_US) / 1000;
}

/** Begins to count what comes to a group; the function tells what came so far. */
export function listen(group: Group): () => Heard {
  const latency = new Histogram();
  const presences = group.counters.presences;
  let confirmed = 0;
  group.sink = {
    delivered(_connection, _count, bytes, start, end) {
      const now = microseconds(performance.now());
      for (let at = nextNumber(bytes, start, end); at >= 0; at = nextNumber(bytes, at, end)) {
        latency.record(betweenMs(digits(bytes, at), now));
      }
    },
    replied: () => void confirmed++,
  };
  return () => ({
    deliveries: latency.count,
    presences: group.counters.presences - presences,
    confirmed,
    latency: latency.dump(),
  });
}

export function deafen(group: Group): void {
  group.sink = IDLE;
}

/** People of the crowd speak in turn, each in one of its channels, and change their status in turn, at an even pace. */
export async function talk(group: Group, crowd: Crowd, subscriptions: number, plan: TalkPlan): Promise<Talked> {
  let said = 0;
  let changed = 0;
  const { ms } = plan;
  const saying = pace({ per_s: plan.messages_per_s, ms, beat_ms: BEAT_MS }, (at) => {
    const speaker = memberAt(group, said);
    const channel = crowd.channelOf(speaker.index, Math.floor(said / group.connections.length) % subscriptions);
    const text = numberedText(microseconds(at), plan.size);
    speaker.send(group.wire.publish(speaker.user, channel, text, FIRST_REF + said++));
  });
  const changing =
    plan.presences_per_s === 0
      ? 0
      : pace({ per_s: plan.presences_per_s, ms, beat_ms: BEAT_MS }, () => {
          const person = memberAt(group, changed);
          const status: Status = Math.floor(changed++ / group.connections.length) % 2 === 0 ? 'away' : 'online';
          person.send(group.wire.presence(crowd.channelOf(person.index, 0), status));
        });
  const [messages, presences] = await Promise.all([saying, changing]);
  return { messages, presences };
}

/** The crowd's generators share their cores with what they measure, so they sleep between messages. */
const BEAT_MS = 1;

/** A prime: neighbours in time are neither neighbours in number nor on one node. */
const HOP = 104_729;

function memberAt({ connections }: Group, turn: number): Connection {
  const found = connections[(turn * HOP) % connections.length];
  if (!found) throw new Error('nobody is connected');
  return found;
}
