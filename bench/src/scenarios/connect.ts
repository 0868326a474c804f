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

/** From nothing to authenticated and subscribed, as many as possible at once. */
export const connect: Scenario = {
  name: 'connect',
  title: 'New connections, authenticated by the query and subscribed to a channel',
  params: {
    connections: { full: 10_000, quick: 300, about: 'connections opened' },
    concurrency: { full: 128, quick: 64, about: 'handshakes under way at once' },
  },
  metrics: [
    { key: 'per_s', label: 'connections/s', unit: '/s', better: 'more', goal: '≥ 10,000' },
    { key: 'p50', label: 'until subscribed, p50', unit: 'ms', better: 'less' },
    { key: 'p99', label: 'until subscribed, p99', unit: 'ms', better: 'less' },
    { key: 'server_busy', label: 'server busy', unit: 'cores', better: 'neither' },
    { key: 'load_busy', label: 'load generator busy', unit: 'cores', better: 'neither' },
  ],
  entrants: [konferenco(), bareBun, wsPackage, socketIo].map(entrant),
};

function entrant(subject: Subject): Entrant {
  return serverEntrant(subject, (stage, context) => measure(subject, stage, context));
}

async function measure({ wire }: Subject, stage: Stage, context: Context): Promise<Values> {
  const { load, server } = stage;
  const count = context.param('connections');
  const open = (group: string, some: number) =>
    load.ask('open', {
      group,
      wire,
      address: server.address,
      channel: 'hall',
      plan: { count: some, concurrency: context.param('concurrency'), prefix: group },
    });
  await open('warm', Math.ceil(count / 10));
  const opened = await withBusy(stage, () => open('user', count));
  if (opened.failed > 0) throw new Error(`${opened.failed} connections failed: ${opened.reasons.join('; ')}`);
  return {
    per_s: (opened.opened * 1000) / opened.ms,
    p50: opened.latency.p50,
    p99: opened.latency.p99,
    server_busy: opened.server_busy,
    load_busy: opened.load_busy,
  };
}
