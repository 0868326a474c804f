/**
 * `npm run bench -- [scenario…] [--quick] [--runs=N] [--only=ENTRANT] [--PARAMETER=N]`: measures ours and the others in turn,
 * prints a table per scenario and writes `bench/results/SCENARIO.json`
 * (`--quick`: `bench/results/quick/`, which proves nothing but that it runs). Ends with 1 when any measurement failed.
 */

import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { describeMachine, type Machine } from './harness/machine.ts';
import type { Context, Entrant, Scenario, Values } from './harness/scenario.ts';
import { type Measurement, summarise } from './harness/statistics.ts';
import { table } from './harness/table.ts';
import { type Options, parseOptions, UsageError } from './options.ts';
import { SCENARIOS } from './scenarios/catalogue.ts';

const RESULTS = resolve(import.meta.dir, '../results');

interface Failure {
  readonly run: number;
  readonly entrant: string;
  readonly error: string;
}

async function runScenario(scenario: Scenario, options: Options): Promise<{ all: Measurement[]; failures: Failure[] }> {
  const all: Measurement[] = [];
  const failures: Failure[] = [];
  const entrants = scenario.entrants.filter(({ name }) => options.only.length === 0 || options.only.includes(name));
  for (let run = 1; run <= options.runs; run++) {
    for (const entrant of entrants) {
      process.stderr.write(`${scenario.name}: run ${run} of ${options.runs}, ${entrant.name}\n`);
      const outcome = await attempt(
        entrant,
        contextOf(
          scenario,
          options,
          all.filter((one) => one.run === run),
        ),
      );
      if (typeof outcome === 'string') {
        failures.push({ run, entrant: entrant.name, error: outcome });
        process.stderr.write(`  failed: ${outcome}\n`);
      } else all.push({ run, entrant: entrant.name, values: outcome });
    }
  }
  return { all, failures };
}

async function attempt(entrant: Entrant, context: Context): Promise<Values | string> {
  try {
    return await entrant.measure(context);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function contextOf(scenario: Scenario, options: Options, sameRun: readonly Measurement[]): Context {
  const params = paramsOf(scenario, options);
  return {
    param(name) {
      const value = params[name];
      if (value === undefined) throw new RangeError(`${scenario.name} has no parameter ${name}`);
      return value;
    },
    earlier: (entrant) => sameRun.find((one) => one.entrant === entrant)?.values,
  };
}

function paramsOf(scenario: Scenario, { params, quick }: Options): Record<string, number> {
  return Object.fromEntries(
    Object.entries(scenario.params).map(([name, parameter]) => [
      name,
      params[name] ?? (quick ? parameter.quick : parameter.full),
    ]),
  );
}

async function report(scenario: Scenario, options: Options, machine: Machine): Promise<boolean> {
  const { all, failures } = await runScenario(scenario, options);
  const names = scenario.entrants.map(({ name }) => name);
  const metrics = summarise(scenario.metrics, names, all);
  console.log(`\n${table(`${scenario.name} · ${scenario.title}`, metrics)}`);
  for (const { run, entrant, error } of failures) console.log(`  FAILED run ${run}, ${entrant}: ${error}`);
  const { name, title } = scenario;
  const result = {
    name,
    title,
    at: new Date().toISOString(),
    machine,
    runs: options.runs,
    quick: options.quick,
    params: paramsOf(scenario, options),
    metrics,
    measurements: all,
    failures,
  };
  const dir = options.quick ? resolve(RESULTS, 'quick') : RESULTS;
  mkdirSync(dir, { recursive: true });
  await Bun.write(resolve(dir, `${name}.json`), `${JSON.stringify(result, null, 2)}\n`);
  return failures.length === 0;
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2), SCENARIOS);
  const machine = describeMachine();
  console.log(
    Object.entries(machine)
      .map(([key, value]) => `${key}: ${value}`)
      .join(' · '),
  );
  let isGood = true;
  for (const scenario of options.scenarios) isGood = (await report(scenario, options, machine)) && isGood;
  return isGood ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
