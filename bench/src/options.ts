import type { Scenario } from './harness/scenario.ts';

export interface Options {
  readonly scenarios: readonly Scenario[];
  readonly quick: boolean;
  readonly runs: number;
  /** Parameters given by name, for every scenario that has them. */
  readonly params: Readonly<Record<string, number>>;
  /** Entrants to run; empty: all. */
  readonly only: readonly string[];
}

/** The command line was not understood; the message says why. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const FULL_RUNS = 5;

/** Reads the command line: names of scenarios or of families of them, `--quick`, `--runs=N`, `--only=ENTRANT`, `--PARAMETER=N`. @throws {UsageError} */
export function parseOptions(args: readonly string[], catalogue: readonly Scenario[]): Options {
  const quick = args.includes('--quick');
  const names = args.filter((arg) => !arg.startsWith('--'));
  // `crdt` means every scenario whose name is `crdt` or begins with `crdt-`.
  const isMeant = (scenario: Scenario, by: string) => scenario.name === by || scenario.name.startsWith(`${by}-`);
  const unknown = names.find((name) => !catalogue.some((scenario) => isMeant(scenario, name)));
  if (unknown !== undefined)
    throw new UsageError(`there is no scenario ${unknown}; there are: ${catalogue.map(({ name }) => name).join(', ')}`);
  const scenarios = catalogue.filter((scenario) =>
    names.length > 0 ? names.some((name) => isMeant(scenario, name)) : !(quick && scenario.fullOnly),
  );
  const { runs, params, only } = settings(args.filter((arg) => arg.startsWith('--') && arg !== '--quick'));
  const misnamed = Object.keys(params).find((key) => !scenarios.some((scenario) => key in scenario.params));
  if (misnamed !== undefined) throw new UsageError(`none of these scenarios has a parameter ${misnamed}`);
  return { scenarios, quick, runs: runs ?? (quick ? 1 : FULL_RUNS), params, only };
}

interface Settings {
  runs?: number;
  readonly params: Record<string, number>;
  readonly only: string[];
}

function settings(args: readonly string[]): Settings {
  const found: Settings = { params: {}, only: [] };
  for (const arg of args) {
    const [key = '', value = ''] = arg.slice(2).split('=', 2);
    if (key === 'only') {
      found.only.push(value);
      continue;
    }
    const number = Number(value);
    if (value === '' || !Number.isFinite(number) || number < 0) throw new UsageError(`${arg} is not --NAME=NUMBER`);
    if (key === 'runs') found.runs = Math.max(1, Math.floor(number));
    else found.params[key.replaceAll('-', '_')] = number;
  }
  return found;
}
