import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { thisMachine } from './lib/excuses.ts';
import { findFiles, ROOT } from './lib/files.ts';
import { countJUnit } from './lib/junit.ts';
import { ensureParts } from './lib/parts.ts';
import { formatSeconds, runStep } from './lib/process.ts';
import { excuseLines, judge, type Verdict } from './lib/verdict.ts';

/** Runs all tests, real parts included. Arguments narrow it to files whose path contains one of them. */

const UNIT_FOLDERS = ['packages/*/src', 'apps/*/src', 'bench/src', 'tools'];
/** A single test's time; suites that start servers or browsers get more. Tests may set their own. */
const UNIT_TIMEOUT_MS = 20_000;
const SUITE_TIMEOUT_MS = 90_000;
/** After this a run is ended and counts as failed. */
const RUN_TIMEOUT_MS = 600_000;

interface Run {
  readonly title: string;
  readonly files: readonly string[];
  readonly timeoutMs: number;
}

/** Runs at one time: most wait for servers, browsers and clocks more than they compute. */
const LANES = 3;

/**
 * Unit tests in one process, and each file that needs a browser or servers in its own. The longest come first, so that no lane
 * ends alone.
 */
function planRuns(filters: readonly string[]): Run[] {
  const wanted = (file: string) => filters.length === 0 || filters.some((filter) => file.includes(filter));
  const tests = (folder: string) => findFiles(ROOT, `${folder}/**/*.test.{ts,tsx}`).filter(wanted);
  const [inBrowser, units] = partition(UNIT_FOLDERS.flatMap(tests), isBrowser);
  const suites = [...inBrowser, ...tests('tests')].sort((a, b) => Number(isLong(b)) - Number(isLong(a)));
  return [
    ...(units.length > 0 ? [{ title: 'unit tests', files: units, timeoutMs: UNIT_TIMEOUT_MS }] : []),
    ...suites.map((file) => ({ title: file, files: [file], timeoutMs: SUITE_TIMEOUT_MS })),
  ];
}

const isBrowser = (file: string) => file.includes('.browser.');
/** Browsers and simulations take minutes, the others seconds. */
const isLong = (file: string) => isBrowser(file) || file.startsWith('tests/simulation/');

function partition<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}

/** A run's verdict, and all it printed. */
async function runTests(run: Run, folder: string): Promise<Verdict & { readonly output: string }> {
  const outfile = join(folder, `${run.title.replaceAll(/\W+/g, '-')}.xml`);
  const files = run.files.map((file) => `./${file}`);
  const flags = ['--no-orphans', `--timeout=${run.timeoutMs}`, '--reporter=junit', `--reporter-outfile=${outfile}`];
  const result = await runStep([process.execPath, 'test', ...flags, '--only-failures', ...files], {
    timeoutMs: RUN_TIMEOUT_MS,
    capture: true,
  });
  const report = (await Bun.file(outfile).exists()) ? countJUnit(await Bun.file(outfile).text()) : null;
  const verdict = judge({ files: run.files, report, exitCode: result.code, machine: thisMachine() });
  const late = result.timedOut ? [`${run.title}: ended after ${formatSeconds(RUN_TIMEOUT_MS)}: something hangs`] : [];
  const leftOut = verdict.excuses.length > 0 ? `, ${verdict.excuses.length} not run` : '';
  console.log(
    `${verdict.failed === 0 ? '✓' : '✗'} ${run.title}: ${verdict.passed} passed, ${verdict.failed} failed${leftOut} (${formatSeconds(result.ms)})`,
  );
  return { ...verdict, complaints: [...verdict.complaints, ...late], output: result.output };
}

/** Runs everything, a line each; what failed runs printed comes at the end, where somebody looks for it. */
async function runAll(runs: Run[], folder: string, showAll: boolean): Promise<Verdict> {
  const total = { passed: 0, failed: 0, complaints: [] as string[], excuses: [] as string[] };
  const reports: string[] = [];
  const lane = async () => {
    for (let run = runs.shift(); run; run = runs.shift()) {
      const verdict = await runTests(run, folder);
      total.passed += verdict.passed;
      total.failed += verdict.failed;
      total.complaints.push(...verdict.complaints);
      total.excuses.push(...verdict.excuses);
      if (verdict.failed > 0 || showAll) reports.push(`\n── ${run.title} ──\n${verdict.output}`);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  for (const report of reports) console.log(report);
  return total;
}

async function main(filters: readonly string[]): Promise<void> {
  const missing = filters.length === 0 ? await ensureParts() : [];
  const runs = planRuns(filters);
  const none = filters.length > 0 ? `no test file's path contains ${filters.join(' or ')}` : 'there are no tests';
  const complaints = runs.length === 0 ? [...missing, none] : missing;
  const folder = await mkdtemp(join(tmpdir(), 'konferenco-tests-'));
  try {
    const total = await runAll(runs, folder, filters.length > 0);
    const failed = total.failed + complaints.length;
    console.log('');
    for (const complaint of [...complaints, ...total.complaints]) console.log(`✗ ${complaint}`);
    for (const line of excuseLines(total.excuses)) console.log(line);
    console.log(`${total.passed} passed, ${failed} failed`);
    process.exitCode = failed > 0 ? 1 : 0;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

await main(process.argv.slice(2));
