import type { WireName } from '../load/wire.ts';
import type { CrowdPlan } from '../load/crowd.ts';
import { Histogram, type Summary } from '../load/histogram.ts';
import type { Heard } from '../load/traffic/model.ts';
import type { FleetStage } from './fleet.ts';
import { assertNoneMissing } from './scenario.ts';

/** A crowd that several load processes hold together, each a part of it, spread over all nodes. */
export interface CrowdOptions {
  readonly group: string;
  readonly wire: WireName;
  readonly people: number;
  readonly subscriptions: number;
  readonly members: number;
}

/** Handshakes under way at once, in all load processes together. */
const CONCURRENCY = 384;

/** Connects everybody. Resolves with how long it took. @throws {Error} when a connection fails */
export async function gather(stage: FleetStage, options: CrowdOptions): Promise<{ ms: number }> {
  const { loads, addresses } = stage;
  const start = performance.now();
  await Promise.all(
    loads.map(async (load, place) => {
      const crowd = partOf(stage, options, place);
      for (const [node, address] of addresses.entries()) {
        const count = share(crowd.count, addresses.length, node);
        const concurrency = Math.ceil(CONCURRENCY / loads.length);
        const plan = { count, concurrency, prefix: 'user', from: crowd.from };
        const { group, wire } = options;
        const opened = await load.ask('open', { group, wire, address, channel: null, crowd, plan });
        if (opened.failed > 0) throw new Error(`${opened.failed} connections failed: ${opened.reasons.join('; ')}`);
      }
    }),
  );
  return { ms: performance.now() - start };
}

function partOf({ loads }: FleetStage, options: CrowdOptions, place: number): CrowdPlan & { readonly count: number } {
  const { people, subscriptions, members } = options;
  const from = Math.floor((people * place) / loads.length);
  return { people, subscriptions, members, from, count: share(people, loads.length, place) };
}

/** What falls to one of several, when all are shared as evenly as whole numbers allow. */
function share(all: number, among: number, place: number): number {
  return Math.floor((all * (place + 1)) / among) - Math.floor((all * place) / among);
}

export interface TalkOptions {
  readonly messages_per_s: number;
  readonly presences_per_s: number;
  readonly ms: number;
  readonly size: number;
}

export interface TalkResult {
  readonly messages: number;
  readonly deliveries: number;
  /** Deliveries that had not come 15 s after the last message. */
  readonly missing: number;
  /** Frames that told of others' presence. */
  readonly presences: number;
  readonly latency: Summary;
}

const TAIL_MS = 15_000;
const LOOK_MS = 50;

/** The crowd talks at an even pace, and every delivery is waited for. */
export async function discuss(stage: FleetStage, crowd: CrowdOptions, plan: TalkOptions): Promise<TalkResult> {
  const { loads } = stage;
  const { group } = crowd;
  await Promise.all(loads.map((load) => load.ask('listen', { group })));
  const talked = await Promise.all(
    loads.map((load, place) =>
      load.ask('talk', {
        group,
        crowd: partOf(stage, crowd, place),
        plan: {
          ...plan,
          messages_per_s: plan.messages_per_s / loads.length,
          presences_per_s: plan.presences_per_s / loads.length,
        },
      }),
    ),
  );
  const messages = talked.reduce((sum, part) => sum + part.messages, 0);
  const expected = messages * crowd.members;
  const ask = (stop: boolean) => Promise.all(loads.map((load) => load.ask('heard', { group, stop })));
  const deliveriesIn = (heard: readonly Heard[]) => heard.reduce((sum, part) => sum + part.deliveries, 0);
  const deadline = performance.now() + TAIL_MS;
  while (deliveriesIn(await ask(false)) < expected && performance.now() < deadline) await Bun.sleep(LOOK_MS);
  const heard = await ask(true);
  const counters = await Promise.all(loads.map((load) => load.ask('counters', { group })));
  assertNoneMissing(
    counters.reduce((sum, { miscounted }) => sum + miscounted, 0),
    'items in the count by scanning',
  );
  const latency = new Histogram();
  for (const part of heard) latency.add(part.latency);
  const deliveries = deliveriesIn(heard);
  return {
    messages,
    deliveries,
    missing: expected - deliveries,
    presences: heard.reduce((sum, part) => sum + part.presences, 0),
    latency: latency.summary(),
  };
}
