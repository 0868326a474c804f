import {
  type Context,
  type Entrant,
  type Scenario,
  serverEntrant,
  type Stage,
  type Values,
  withBusy,
} from '../harness/scenario.ts';
import { bareBun, konferenco, socketIo, type Subject, wsPackage } from '../harness/server.ts';

const CHANNEL = 'event-main';
/** The script's phases at its own speed, in seconds: the clients come over the first and stay for the second. */
const RAMP_S = 300;
const HOLD_S = 600;

/** The source documents' load script: everyone in one channel, short frames, two posts a minute each. */
export const script: Scenario = {
  name: 'script',
  title: "The documents' load script: 1,000 clients, short frames, one channel",
  params: {
    clients: { full: 1000, quick: 50, about: 'virtual users' },
    speed: { full: 20, quick: 1500, about: 'the script runs this many times faster; the interval between posts stays' },
    every_ms: { full: 30_000, quick: 2000, about: 'time between two posts of a client' },
  },
  metrics: [
    { key: 'connecting_p95', label: 'connecting, p95', unit: 'ms', better: 'less', goal: '< 1,000 ms' },
    { key: 'latency_p50', label: 'message latency, p50', unit: 'ms', better: 'less' },
    { key: 'latency_p99', label: 'message latency, p99', unit: 'ms', better: 'less', goal: '< 500 ms' },
    { key: 'per_s', label: 'deliveries/s', unit: '/s', better: 'more' },
    { key: 'skipped', label: 'announced as left out of a digest', unit: '', better: 'less' },
    { key: 'missing', label: 'lost', unit: '', better: 'less', goal: '0' },
    { key: 'server_busy', label: 'server busy', unit: 'cores', better: 'less' },
  ],
  entrants: [
    entrant(konferenco({ wire: 'short', digest: true })),
    entrant(konferenco({ name: 'konferenco, no digest', wire: 'short' })),
    entrant(bareBun),
    entrant(wsPackage),
    entrant(socketIo),
  ],
};

function entrant(subject: Subject): Entrant {
  return serverEntrant(subject, (stage, context) => measure(subject, stage, context));
}

async function measure({ wire }: Subject, stage: Stage, context: Context): Promise<Values> {
  const { load, server } = stage;
  const [count, speed] = [context.param('clients'), context.param('speed')];
  const plan = { count, concurrency: count, rate: (count * speed) / RAMP_S, prefix: 'user' };
  const opened = await load.ask('open', { group: 'users', wire, address: server.address, channel: CHANNEL, plan });
  if (opened.failed > 0) throw new Error(`${opened.failed} connections failed: ${opened.reasons.join('; ')}`);
  const ms = (HOLD_S * 1000) / speed;
  const meeting = await withBusy(stage, () =>
    load.ask('meet', {
      members: 'users',
      plan: { channel: CHANNEL, size: 24, ms, every_ms: context.param('every_ms') },
    }),
  );
  const { dropped } = await load.ask('counters', { group: 'users' });
  if (dropped > 0) throw new Error(`${dropped} connections were dropped`);
  return {
    connecting_p95: opened.latency.p95,
    latency_p50: meeting.latency.p50,
    latency_p99: meeting.latency.p99,
    per_s: (meeting.deliveries * 1000) / ms,
    skipped: meeting.skipped,
    missing: meeting.missing,
    server_busy: meeting.server_busy,
  };
}
