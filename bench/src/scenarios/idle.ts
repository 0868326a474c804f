import { cpuSeconds, settledBytes } from '../harness/process.ts';
import {
  type Context,
  type Entrant,
  type Scenario,
  serverEntrant,
  type Stage,
  type Values,
} from '../harness/scenario.ts';
import { bareBun, konferenco, socketIo, type Subject, wsPackage } from '../harness/server.ts';

/** What a connection costs that does nothing but stay: memory, and the processor time of its heartbeats. */
export function idle(connections: number, fullOnly: boolean): Scenario {
  return {
    name: `idle-${connections}`,
    title: `${connections.toLocaleString('en')} idle connections, authenticated and subscribed`,
    fullOnly,
    params: {
      connections: { full: connections, quick: 300, about: 'connections held' },
      settle_ms: { full: 30_000, quick: 300, about: 'longest wait for memory to settle' },
      cpu_ms: { full: 60_000, quick: 500, about: 'time over which processor time is measured; two heartbeats at 60 s' },
    },
    metrics: [
      { key: 'bytes', label: 'resident memory per connection', unit: 'B', better: 'less', goal: '≤ 4,096 B' },
      { key: 'cpu', label: 'processor time per connection', unit: 'µs/s', better: 'less', goal: '≤ 1.2 µs/s' },
      { key: 'base', label: 'resident memory before the first', unit: 'MiB', better: 'less' },
      { key: 'heartbeats', label: 'heartbeats answered per connection', unit: '', better: 'neither' },
    ],
    entrants: [konferenco(), bareBun, wsPackage, socketIo].map(entrant),
  };
}

function entrant(subject: Subject): Entrant {
  return serverEntrant(subject, (stage, context) => measure(subject, stage, context));
}

async function measure({ wire }: Subject, { load, server }: Stage, context: Context): Promise<Values> {
  const count = context.param('connections');
  const open = (group: string, some: number) =>
    load.ask('open', {
      group,
      wire,
      address: server.address,
      channel: 'hall',
      plan: { count: some, concurrency: 64, prefix: group },
    });
  // The first connections load code and grow pools that every later one shares.
  await open('warm', Math.ceil(count / 100));
  const before = await settledBytes(server.pid, context.param('settle_ms'));
  const opened = await open('user', count);
  if (opened.failed > 0) throw new Error(`${opened.failed} connections failed: ${opened.reasons.join('; ')}`);
  const after = await settledBytes(server.pid, context.param('settle_ms'));
  const heartbeats = (await load.ask('counters', { group: 'user' })).heartbeats;
  const cpu = cpuSeconds(server.pid);
  const start = performance.now();
  await Bun.sleep(context.param('cpu_ms'));
  const seconds = (performance.now() - start) / 1000;
  const spent = cpuSeconds(server.pid) - cpu;
  const counters = await load.ask('counters', { group: 'user' });
  if (counters.dropped > 0) throw new Error(`${counters.dropped} idle connections were dropped`);
  return {
    bytes: (after - before) / count,
    cpu: (spent * 1e6) / count / seconds,
    base: before / 2 ** 20,
    heartbeats: (counters.heartbeats - heartbeats) / count,
  };
}
