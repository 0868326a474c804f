import {
  assertNoneMissing,
  type Context,
  type Entrant,
  type Scenario,
  serverEntrant,
  type Stage,
  type Values,
} from '../harness/scenario.ts';
import { konferenco, socketIoRecovery } from '../harness/server.ts';

const CHANNEL = 'hall';
const SIZE = 200;

/** A client comes back after a gap: the time until it has everything that was said meanwhile. */
export const recovery: Scenario = {
  name: 'recovery',
  title: 'Recovery after a gap (ours from disk by cursor, Socket.IO from the memory of the same process)',
  params: {
    short: { full: 100, quick: 100, about: 'messages in the short gap' },
    long: { full: 10_000, quick: 1000, about: 'messages in the long gap' },
    repeats: { full: 9, quick: 2, about: 'recoveries of each kind; the median counts' },
  },
  metrics: [
    { key: 'short', label: 'short gap (100 messages)', unit: 'ms', better: 'less', goal: '≤ 50 ms' },
    { key: 'long', label: 'long gap (10,000; quick 1,000)', unit: 'ms', better: 'less', goal: '≤ 1,000 ms' },
  ],
  entrants: [
    serverEntrant(konferenco(), byCursor),
    serverEntrant(socketIoRecovery, async (stage, context) => ({
      short: await bySession(stage, context.param('short'), 'short'),
      long: await bySession(stage, context.param('long'), 'long'),
    })),
  ] satisfies Entrant[],
};

async function byCursor({ load, server }: Stage, context: Context): Promise<Values> {
  const total = context.param('long');
  const base = { wire: 'konferenco', address: server.address } as const;
  await load.ask('open', {
    ...base,
    group: 'publisher',
    channel: null,
    plan: { count: 1, concurrency: 1, prefix: 'publisher' },
  });
  const plan = { channels: [CHANNEL], size: SIZE, ms: 120_000, count: total, window: 100 };
  assertNoneMissing(
    total - (await load.ask('saturatePublish', { publishers: 'publisher', plan })).acknowledged,
    'acknowledgements',
  );
  const recover = async (missed: number) => {
    const times: number[] = [];
    for (let turn = 0; turn < context.param('repeats'); turn++) {
      const recovered = await load.ask('recoverByCursor', { ...base, channel: CHANNEL, after: total - missed });
      assertNoneMissing(missed - recovered.messages, 'messages');
      times.push(recovered.ms);
    }
    return times.sort((a, b) => a - b)[times.length >> 1] ?? Number.NaN;
  };
  return { short: await recover(context.param('short')), long: await recover(total) };
}

/** A session is kept for whoever was cut off, so each gap has a channel, a member and a witness of its own. */
async function bySession({ load, server }: Stage, missed: number, channel: string): Promise<number> {
  const base = { wire: 'socket.io', address: server.address } as const;
  const publisher = `publisher-${channel}`;
  await load.ask('open', { ...base, group: channel, channel, plan: { count: 2, concurrency: 1, prefix: channel } });
  await load.ask('open', {
    ...base,
    group: publisher,
    channel: null,
    plan: { count: 1, concurrency: 1, prefix: publisher },
  });
  const plan = { channel, size: SIZE, missed };
  const recovered = await load.ask('recoverBySession', { members: channel, publisher, address: server.address, plan });
  assertNoneMissing(missed - recovered.messages, 'messages');
  return recovered.ms;
}
