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

/** No measurement takes this long; one that does is stuck, and is ended as failed. */
const STUCK_MS = { quick: 60_000, full: 1_200_000 };

interface Outcome {
  readonly measurements: readonly Measurement[];
  readonly failures: readonly Failure[];
}

async function runScenario(scenario: Scenario, options: Options, interrupted: AbortSignal): Promise<Outcome> {
  const measurements: Measurement[] = [];
  const failures: Failure[] = [];
  const params = paramsOf(scenario, options);
  const entrants = scenario.entrants.filter(({ name }) => options.only.length === 0 || options.only.includes(name));
  for (let run = 1; run <= options.runs; run++) {
    for (const entrant of entrants) {
      if (interrupted.aborted) return { measurements, failures };
      process.stderr.write(`${scenario.name}: run ${run} of ${options.runs}, ${entrant.name}\n`);
      const stuck = AbortSignal.timeout(options.quick ? STUCK_MS.quick : STUCK_MS.full);
      const values = await attempt(entrant, {
        signal: AbortSignal.any([interrupted, stuck]),
        param: (name) => params[name] ?? unknownParameter(name),
        earlier: (name) => measurements.find((one) => one.run === run && one.entrant === name)?.values,
      });
      if (typeof values === 'string') {
        failures.push({ run, entrant: entrant.name, error: values });
        process.stderr.write(`  failed: ${values}\n`);
      } else measurements.push({ run, entrant: entrant.name, values });
    }
  }
  return { measurements, failures };
}

async function attempt(entrant: Entrant, context: Context): Promise<Values | string> {
  try {
    return await entrant.measure(context);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return context.signal.aborted ? `ended: ${context.signal.reason} (${reason})` : reason;
  }
}

function paramsOf(scenario: Scenario, { params, quick }: Options): Record<string, number> {
  return Object.fromEntries(
    Object.entries(scenario.params).map(([name, { quick: small, full }]) => [
      name,
      params[name] ?? (quick ? small : full),
    ]),
  );
}

function unknownParameter(name: string): never {
  throw new RangeError(`the scenario has no parameter ${name}`);
}

async function report(scenario: Scenario, options: Options, machine: Machine, outcome: Outcome): Promise<void> {
  const { measurements, failures } = outcome;
  const { name, title, entrants } = scenario;
  const metrics = summarise(
    scenario.metrics,
    entrants.map((entrant) => entrant.name),
    measurements,
  );
  console.log(`\n${table(`${name} · ${title}`, metrics)}`);
  for (const { run, entrant, error } of failures) console.log(`  FAILED run ${run}, ${entrant}: ${error}`);
  const { runs, quick } = options;
  const at = new Date().toISOString();
  const result = {
    name,
    title,
    at,
    machine,
    runs,
    quick,
    params: paramsOf(scenario, options),
    metrics,
    measurements,
    failures,
  };
  const dir = quick ? resolve(RESULTS, 'quick') : RESULTS;
  mkdirSync(dir, { recursive: true });
  await Bun.write(resolve(dir, `${name}.json`), `${JSON.stringify(result, null, 2)}\n`);
}

async function main(interrupted: AbortSignal): Promise<number> {
  const options = parseOptions(process.argv.slice(2), SCENARIOS);
  const machine = describeMachine();
  console.log(
    Object.entries(machine)
      .map(([key, value]) => `${key}: ${value}`)
      .join(' · '),
  );
  let hasFailed = false;
  for (const scenario of options.scenarios) {
    const outcome = await runScenario(scenario, options, interrupted);
    if (interrupted.aborted) return 130;
    await report(scenario, options, machine, outcome);
    hasFailed ||= outcome.failures.length > 0;
  }
  return hasFailed ? 1 : 0;
}

const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt.abort(signal));
try {
  process.exit(await main(interrupt.signal));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exit(2);
}
