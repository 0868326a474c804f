import { settledBytes } from '../harness/process.ts';
import {
  type Context,
  type Entrant,
  type Scenario,
  serverEntrant,
  type Stage,
  type Values,
} from '../harness/scenario.ts';
import { bareBun, konferenco, socketIo, type Subject, wsPackage } from '../harness/server.ts';

/** Thousands come and go, again and again: what is left in memory when they are gone. */
export const waves: Scenario = {
  name: 'waves',
  title: 'Memory after waves of connections',
  params: {
    waves: { full: 10, quick: 2, about: 'how often they come' },
    connections: { full: 5000, quick: 200, about: 'connections in a wave; every other wave leaves without a word' },
    settle_ms: { full: 30_000, quick: 300, about: 'longest wait for memory to settle' },
  },
  metrics: [
    { key: 'start', label: 'before the first wave', unit: 'MiB', better: 'less' },
    { key: 'first', label: 'after the first wave', unit: 'MiB', better: 'less' },
    { key: 'last', label: 'after the last wave', unit: 'MiB', better: 'less' },
    { key: 'over_start', label: 'last / start', unit: '', better: 'less', goal: '≤ 1.1' },
    { key: 'over_first', label: 'last / first', unit: '', better: 'less' },
  ],
  entrants: [konferenco(), bareBun, wsPackage, socketIo].map(entrant),
};

function entrant(subject: Subject): Entrant {
  return serverEntrant(subject, (stage, context) => measure(subject, stage, context));
}

async function measure({ wire }: Subject, { load, server }: Stage, context: Context): Promise<Values> {
  const mebibytes = async () => (await settledBytes(server.pid, context.param('settle_ms'))) / 2 ** 20;
  const plan = { count: context.param('connections'), concurrency: 64, prefix: 'user' };
  const start = await mebibytes();
  let first = start;
  for (let wave = 0; wave < context.param('waves'); wave++) {
    const opened = await load.ask('open', { group: 'wave', wire, address: server.address, channel: 'hall', plan });
    if (opened.failed > 0) throw new Error(`${opened.failed} connections failed: ${opened.reasons.join('; ')}`);
    await load.ask('close', { group: 'wave', farewell: wave % 2 === 0 ? 'clean' : 'cut' });
    if (wave === 0) first = await mebibytes();
  }
  const last = await mebibytes();
  return { start, first, last, over_start: last / start, over_first: last / first };
}
