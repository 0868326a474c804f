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
    { key: 'per_s', label: 'connections/s, ours by ticket', unit: '/s', better: 'more', goal: '≥ 10,000' },
    { key: 'named_per_s', label: 'connections/s, by name, known already', unit: '/s', better: 'more' },
    { key: 'first_per_s', label: 'connections/s, by name, never seen before', unit: '/s', better: 'more' },
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
  const first = await open('user', count);
  await load.ask('close', { group: 'user', farewell: 'clean' });
  const named = await open('user', count);
  await load.ask('close', { group: 'user', farewell: 'clean' });
  if (wire === 'konferenco') {
    await load.ask('tickets', {
      group: 'user',
      address: server.address,
      plan: { count, concurrency: 32, prefix: 'user' },
    });
  }
  const again = await withBusy(stage, () => open('user', count));
  const failed = first.failed + named.failed + again.failed;
  if (failed > 0)
    throw new Error(
      `${failed} connections failed: ${[...first.reasons, ...named.reasons, ...again.reasons].join('; ')}`,
    );
  return {
    per_s: (count * 1000) / again.ms,
    named_per_s: (count * 1000) / named.ms,
    first_per_s: (count * 1000) / first.ms,
    p50: again.latency.p50,
    p99: again.latency.p99,
    server_busy: again.server_busy,
    load_busy: again.load_busy,
  };
}
