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

const CHANNEL = 'hall';
const SMALL_WINDOW = 8;
const LARGE_WINDOW = 64;

/** Everyone in one channel receives a 200-byte text: at saturation, and one publication at a time. */
export function fanOut(members: number, fullOnly: boolean): Scenario {
  return {
    name: `fan-out-${members}`,
    title: `Live fan-out to ${members.toLocaleString('en')} members`,
    fullOnly,
    params: {
      members: { full: members, quick: 200, about: 'connections subscribed to the channel' },
      size: { full: 200, quick: 200, about: 'bytes of text in a publication' },
      ms: { full: 5000, quick: 300, about: 'length of each saturated measurement' },
      rounds: { full: 60, quick: 5, about: 'publications timed one at a time' },
      rounds_per_s: { full: members > 5000 ? 4 : 20, quick: 20, about: 'their rate' },
    },
    metrics: [
      {
        key: 'per_s_64',
        label: `deliveries/s, ${LARGE_WINDOW} publications under way`,
        unit: '/s',
        better: 'more',
        goal: '≥ 0.85 × bare Bun at equal bytes, ≥ 5 × Socket.IO',
      },
      { key: 'per_s_8', label: `deliveries/s, ${SMALL_WINDOW} publications under way`, unit: '/s', better: 'more' },
      { key: 'per_cpu_s', label: `deliveries per second of server processor time`, unit: '', better: 'more' },
      { key: 'bytes', label: 'bytes per delivery', unit: 'B', better: 'less' },
      { key: 'last_p50', label: 'one publication, last member reached, p50', unit: 'ms', better: 'less' },
      { key: 'last_p99', label: 'one publication, last member reached, p99', unit: 'ms', better: 'less' },
      { key: 'server_busy', label: 'server busy', unit: 'cores', better: 'neither' },
      { key: 'load_busy', label: 'load generator busy', unit: 'cores', better: 'neither' },
    ],
    entrants: [
      entrant(konferenco()),
      entrant(bareBun),
      entrant({ ...bareBun, name: 'bare Bun, our bytes' }, (context) =>
        Math.round(context.earlier('konferenco')?.bytes ?? Number.NaN),
      ),
      entrant(wsPackage),
      entrant(socketIo),
    ],
  };
}

/** `sizeOf`: bytes of text where they differ from the scenario's; not a number: nothing to compare with, so no figures. */
function entrant(subject: Subject, sizeOf = (context: Context): number => context.param('size')): Entrant {
  return serverEntrant(subject, async (stage, context) => {
    const size = sizeOf(context);
    return Number.isNaN(size) ? {} : measure(subject, stage, context, size);
  });
}

async function measure({ wire }: Subject, stage: Stage, context: Context, size: number): Promise<Values> {
  const { load, server } = stage;
  const open = { wire, address: server.address };
  await load.ask('open', {
    ...open,
    group: 'members',
    channel: CHANNEL,
    plan: { count: context.param('members'), concurrency: 64, prefix: 'member' },
  });
  await load.ask('open', {
    ...open,
    group: 'publisher',
    channel: null,
    plan: { count: 1, concurrency: 1, prefix: 'publisher' },
  });
  const saturate = (window: number, ms: number) =>
    load.ask('saturateFanOut', {
      members: 'members',
      publisher: 'publisher',
      plan: { channel: CHANNEL, size, window, ms },
    });
  await saturate(SMALL_WINDOW, context.param('ms') / 3);
  const small = await saturate(SMALL_WINDOW, context.param('ms'));
  const large = await withBusy(stage, () => saturate(LARGE_WINDOW, context.param('ms')));
  const rounds = { channel: CHANNEL, size, count: context.param('rounds'), per_s: context.param('rounds_per_s') };
  const timed = await load.ask('timeFanOut', { members: 'members', publisher: 'publisher', plan: rounds });
  assertNoneMissing(small.missing + large.missing + timed.missing, 'deliveries');
  const { miscounted } = await load.ask('counters', { group: 'members' });
  assertNoneMissing(miscounted, 'items in the count by scanning');
  return {
    per_s_64: large.per_s,
    per_s_8: small.per_s,
    per_cpu_s: large.deliveries / large.server_cpu_s,
    bytes: large.bytes_per_delivery,
    last_p50: timed.last.p50,
    last_p99: timed.last.p99,
    server_busy: large.server_busy,
    load_busy: large.load_busy,
  };
}
