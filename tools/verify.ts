import { dirname, join } from 'node:path';
import { findFiles, ROOT } from './lib/files.ts';
import { formatSeconds, runStep } from './lib/process.ts';

/** Everything that can be checked without servers and browsers, quickest first. The same command here and in CI. */

interface Step {
  readonly title: string;
  readonly command: readonly string[];
}

const STEP_TIMEOUT_MS = 300_000;
/** Lines of a failed step's output that are shown; its own command shows the rest. */
const SHOWN_LINES = 80;
const bin = (name: string) => join(ROOT, 'node_modules', '.bin', name);
const tool = (name: string, ...args: string[]) => [process.execPath, join('tools', name), ...args];

function steps(): Step[] {
  const projects = ['packages/*/tsconfig.json', 'apps/*/tsconfig.json'].flatMap((pattern) => findFiles(ROOT, pattern));
  return [
    {
      title: 'lint and format',
      command: [bin('biome'), 'ci', '--colors=off', '--max-diagnostics=100', '--error-on-warnings', '.'],
    },
    { title: 'boundaries: imports, purity, cycles', command: tool('boundaries.ts') },
    { title: 'budgets: sizes of files and functions', command: tool('budgets.ts') },
    { title: 'rules and their tests', command: tool('spec-check.ts') },
    { title: 'licences of dependencies', command: tool('licences.ts') },
    { title: 'generated reference is up to date', command: tool('generate.ts', '--check') },
    ...projects.map((project) => ({ title: `types: ${dirname(project)}`, command: [bin('tsc'), '-p', project] })),
    { title: 'types: tests and tools', command: [bin('tsc'), '-p', 'tsconfig.tests.json'] },
    { title: 'documents: links and examples', command: tool('doc-links.ts') },
    { title: 'dead code and dependencies', command: [bin('knip'), '--no-progress'] },
    { title: 'unit tests', command: tool('test.ts', 'packages/', 'apps/', 'bench/src/', 'tools/') },
  ];
}

/** Arguments narrow it to steps whose title contains one of them; those of `-word` are left out. */
async function main(args: readonly string[]): Promise<void> {
  const started = performance.now();
  const failed: string[] = [];
  const filters = args.filter((arg) => !arg.startsWith('-'));
  const left = args.filter((arg) => arg.startsWith('-')).map((arg) => arg.slice(1));
  const wanted = steps()
    .filter(({ title }) => filters.length === 0 || filters.some((filter) => title.includes(filter)))
    .filter(({ title }) => !left.some((word) => title.includes(word)));
  for (const { title, command } of wanted) {
    const result = await runStep(command, { timeoutMs: STEP_TIMEOUT_MS, capture: true });
    const good = result.code === 0;
    console.log(`${good ? '✓' : '✗'} ${title} (${formatSeconds(result.ms)})`);
    if (good) continue;
    failed.push(title);
    if (result.timedOut) console.log(`    ended after ${formatSeconds(STEP_TIMEOUT_MS)}`);
    console.log(excerpt(result.output, command));
  }
  const time = formatSeconds(performance.now() - started);
  if (wanted.length === 0) failed.push(`no step's title fits ${args.join(' ')}`);
  console.log(
    failed.length === 0
      ? `\nAll ${wanted.length} steps passed in ${time}.`
      : `\n${failed.length} failed: ${failed.join('; ')}.`,
  );
  process.exitCode = failed.length === 0 ? 0 : 1;
}

/** The beginning of a failed step's output, indented, and how to see the rest. */
function excerpt(output: string, command: readonly string[]): string {
  const lines = output.trimEnd().split('\n');
  const rest = lines.length - SHOWN_LINES;
  const again = command.map((part) => part.replace(`${ROOT}/`, '')).join(' ');
  const more = rest > 0 ? [`… and ${rest} more lines: ${again}`] : [];
  return [...lines.slice(0, SHOWN_LINES), ...more].map((line) => `    ${line}`).join('\n');
}

await main(process.argv.slice(2));
