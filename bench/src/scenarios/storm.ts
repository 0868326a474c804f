import { resolve } from 'node:path';
import type { Context, Scenario, Values } from '../harness/scenario.ts';
import type { StormFigures } from '../storm/main.ts';

const STORM = resolve(import.meta.dir, '../storm/main.ts');

/**
 * One node of three is killed with SIGKILL: how long until everybody is back, and whether anybody missed something that was said
 * meanwhile. Everything shares the machine's cores.
 */
export const storm: Scenario = {
  name: 'storm',
  title: 'A node with 19,000 people is killed',
  params: {
    doomed: { full: 19_000, quick: 300, about: 'people on the node that is killed' },
    beside: { full: 1_000, quick: 50, about: 'people on the two others' },
  },
  metrics: [
    { key: 'back_50', label: 'half of all are connected after', unit: 'ms', better: 'less' },
    { key: 'back_90', label: '90 %', unit: 'ms', better: 'less' },
    { key: 'back_99', label: '99 %', unit: 'ms', better: 'less' },
    { key: 'back_100', label: 'everybody', unit: 'ms', better: 'less', goal: '< 60,000 ms' },
    { key: 'failed', label: 'tries that failed', unit: '', better: 'less' },
    { key: 'told', label: 'tries told to come later', unit: '', better: 'neither' },
    { key: 'missing', label: 'messages that somebody missed', unit: '', better: 'less', goal: '0' },
  ],
  entrants: [{ name: 'konferenco', measure }],
};

async function measure(context: Context): Promise<Values> {
  const people = [context.param('doomed'), context.param('beside')].map(String);
  const child = Bun.spawn([process.execPath, STORM, ...people], {
    stdout: 'pipe',
    stderr: 'inherit',
    signal: context.signal,
  });
  const text = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`the storm ended with ${child.exitCode}`);
  return { ...(JSON.parse(text) as StormFigures) };
}
