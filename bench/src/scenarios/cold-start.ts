import type { Entrant, Scenario, Values } from '../harness/scenario.ts';
import { type Load, startLoad } from '../harness/load.ts';
import { bareBun, konferenco, socketIo, startServer, type Subject, wsPackage } from '../harness/server.ts';

/** From the start of the process to the first client that has joined. */
export const coldStart: Scenario = {
  name: 'cold-start',
  title: 'Cold start, empty data folder',
  params: {},
  metrics: [
    { key: 'listens', label: 'says that it listens', unit: 'ms', better: 'less' },
    { key: 'accepted', label: 'first socket accepted and joined', unit: 'ms', better: 'less', goal: '< 500 ms' },
  ],
  entrants: [konferenco(), bareBun, wsPackage, socketIo].map(entrant),
};

function entrant(subject: Subject): Entrant {
  return {
    name: subject.name,
    async measure({ signal }) {
      const load = startLoad(signal);
      try {
        // A first answer: the load process is up and does not share the measured time.
        await load.ask('ping', {});
        return await measure(subject, load, signal);
      } finally {
        await load.stop();
      }
    },
  };
}

async function measure(subject: Subject, load: Load, signal: AbortSignal): Promise<Values> {
  const server = await startServer(subject, signal);
  try {
    const plan = { count: 1, concurrency: 1, prefix: 'first' };
    const { wire } = subject;
    const opened = await load.ask('open', { group: 'first', wire, address: server.address, channel: 'hall', plan });
    if (opened.failed > 0) throw new Error(opened.reasons.join('; '));
    return { listens: server.announced_ms, accepted: server.announced_ms + opened.ms };
  } finally {
    await server.stop();
  }
}
