import {
  assertNoneMissing,
  type Context,
  type Entrant,
  type Scenario,
  serverEntrant,
  type Stage,
  type Values,
  withBusy,
} from '../harness/scenario.ts';
import { bareBun, konferenco, socketIo, type Subject, wsPackage } from '../harness/server.ts';

/** One person writes to another: ours is on disk before it is delivered, the others pass it on. */
export const direct: Scenario = {
  name: 'direct',
  title: 'Direct messages, 200 B (ours stored with fsync, the others relayed)',
  params: {
    pairs: { full: 100, quick: 20, about: 'pairs of people writing to each other' },
    window: { full: 8, quick: 8, about: 'messages a pair has under way at saturation' },
    size: { full: 200, quick: 200, about: 'bytes of text' },
    ms: { full: 5000, quick: 300, about: 'length of each measurement' },
  },
  metrics: [
    { key: 'per_s', label: 'messages/s at saturation', unit: '/s', better: 'more' },
    { key: 'p50', label: 'latency at half of that, p50', unit: 'ms', better: 'less' },
    { key: 'p99', label: 'latency at half of that, p99', unit: 'ms', better: 'less', goal: '< 10 ms, stored' },
    { key: 'p999', label: 'latency at half of that, p99.9', unit: 'ms', better: 'less' },
    { key: 'p50_same', label: 'latency at half of our rate, p50', unit: 'ms', better: 'less' },
    { key: 'p99_same', label: 'latency at half of our rate, p99', unit: 'ms', better: 'less' },
    { key: 'server_busy', label: 'server busy at saturation', unit: 'cores', better: 'neither' },
  ],
  entrants: [konferenco(), bareBun, wsPackage, socketIo].map(entrant),
};

function entrant(subject: Subject): Entrant {
  return serverEntrant(subject, (stage, context) => measure(subject, stage, context));
}

async function measure({ wire }: Subject, stage: Stage, context: Context): Promise<Values> {
  const { load, server } = stage;
  const [size, ms, count] = [context.param('size'), context.param('ms'), context.param('pairs')];
  for (const group of ['senders', 'receivers']) {
    await load.ask('open', {
      group,
      wire,
      address: server.address,
      channel: null,
      plan: { count, concurrency: 64, prefix: group },
    });
  }
  const sides = { senders: 'senders', receivers: 'receivers' };
  const saturate = (length: number) =>
    load.ask('saturateRelay', { ...sides, plan: { size, ms: length, window: context.param('window') } });
  await saturate(ms / 3);
  const full = await withBusy(stage, () => saturate(ms));
  const timed = (per_s: number) => load.ask('timeRelay', { ...sides, size, ms, per_s });
  const half = await timed(full.per_s / 2);
  const ours = context.earlier('konferenco')?.per_s;
  const same = ours === undefined ? half : await timed(ours / 2);
  assertNoneMissing(full.missing + half.missing + same.missing, 'messages');
  return {
    per_s: full.per_s,
    p50: half.latency.p50,
    p99: half.latency.p99,
    p999: half.latency.p999,
    p50_same: same.latency.p50,
    p99_same: same.latency.p99,
    server_busy: full.server_busy,
  };
}
