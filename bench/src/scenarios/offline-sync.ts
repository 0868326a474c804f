import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Returned } from '../device/main.ts';
import { pinned } from '../harness/process.ts';
import {
  assertNoneMissing,
  type Context,
  type Entrant,
  type Scenario,
  serverEntrant,
  type Stage,
  type Values,
} from '../harness/scenario.ts';
import { konferenco } from '../harness/server.ts';

const CHANNEL = 'hall';
const SIZE = 200;
const DEVICE = resolve(import.meta.dir, '../device/main.ts');

/**
 * A device that kept a channel comes back: it opens without a network, then connects and catches up. Time must depend
 * on what is missing, not on what is kept.
 */
export const offlineSync: Scenario = {
  name: 'offline-sync',
  title: 'A device comes back to a channel it kept (the SDK on SQLite)',
  params: {
    few: { full: 10_000, quick: 1_000, about: 'messages kept by the first device' },
    many: { full: 100_000, quick: 5_000, about: 'messages kept by the second device' },
    short: { full: 100, quick: 100, about: 'messages missed in the short absence' },
    long: { full: 10_000, quick: 1_000, about: 'messages missed in the long absence' },
    repeats: { full: 5, quick: 2, about: 'returns of each kind; the median counts' },
  },
  metrics: [
    { key: 'first_page', label: 'first page, from the device', unit: 'ms', better: 'less', goal: '≤ 100 ms' },
    { key: 'short', label: 'catching up 100 messages', unit: 'ms', better: 'less', goal: '≤ 50 ms' },
    { key: 'long', label: 'catching up 10,000 (quick 1,000)', unit: 'ms', better: 'less', goal: '≤ 1,000 ms' },
    { key: 'resident', label: 'memory of the device after 100', unit: 'MB', better: 'less' },
    { key: 'kept', label: 'messages kept', unit: '', better: 'neither' },
  ],
  entrants: [device('few'), device('many')],
};

function device(kept: 'few' | 'many'): Entrant {
  const name = kept === 'few' ? '10,000 kept' : '100,000 kept';
  return { ...serverEntrant(konferenco(), (stage, context) => measure(stage, context, kept)), name };
}

async function measure({ load, server }: Stage, context: Context, kept: 'few' | 'many'): Promise<Values> {
  const folder = mkdtempSync(join(tmpdir(), 'konferenco-device-'));
  const base = { wire: 'konferenco', address: server.address } as const;
  const plan = { count: 1, concurrency: 1, prefix: 'publisher' };
  let head = 0;
  const say = async (count: number) => {
    const said = { channels: [CHANNEL], size: SIZE, ms: 120_000, count, window: 100 };
    const { acknowledged } = await load.ask('saturatePublish', { publishers: 'publisher', plan: said });
    assertNoneMissing(count - acknowledged, 'acknowledgements');
    head += count;
  };
  const run = async (phase: 'fill' | 'return'): Promise<Returned> => {
    const { host, port } = server.address;
    const command = [process.execPath, DEVICE, `http://${host}:${port}`, folder, CHANNEL, String(head), phase];
    const child = Bun.spawn(pinned('load', command), { stdout: 'pipe', stderr: 'inherit', signal: context.signal });
    const text = await new Response(child.stdout).text();
    if ((await child.exited) !== 0) throw new Error(`the device ended with ${child.exitCode}`);
    return JSON.parse(text) as Returned;
  };
  const back = async (missed: number): Promise<readonly Returned[]> => {
    const returns: Returned[] = [];
    for (let turn = 0; turn < context.param('repeats'); turn++) {
      await say(missed);
      const returned = await run('return');
      assertNoneMissing(missed - returned.told, 'messages');
      returns.push(returned);
    }
    return returns;
  };
  try {
    await load.ask('open', { ...base, group: 'publisher', channel: null, plan });
    await say(context.param(kept));
    assertNoneMissing(head - (await run('fill')).kept, 'kept messages');
    const short = await back(context.param('short'));
    const long = await back(context.param('long'));
    return {
      first_page: median(short.map(({ first_page }) => first_page)),
      short: median(short.map(({ caught_up }) => caught_up)),
      long: median(long.map(({ caught_up }) => caught_up)),
      resident: median(short.map(({ resident }) => resident)) / 1_000_000,
      kept: short.at(-1)?.kept ?? Number.NaN,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
