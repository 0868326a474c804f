import { join } from 'node:path';
import { isTest, ROOT, readText, report, sourceFiles } from './lib/files.ts';
import { functionsOf } from './lib/scan.ts';

/** Lines a file may have. Tests tell stories and may be longer. */
const FILE_LINES = { source: 300, test: 500 } as const;
/** Lines of a function's own, without the functions inside it. Components hold markup, which is long and plain. */
const FUNCTION_LINES = { '.ts': 50, '.tsx': 90 } as const;

/** What may be larger, and why. A larger figure here is a decision, so it needs a reason a reader can disagree with. */
const EXCEPTIONS: readonly { readonly file: string; readonly lines: number; readonly reason: string }[] = [
  {
    file: 'packages/protocol/src/schema/rest.ts',
    lines: 450,
    reason: 'One table of all routes: server, client types and OpenAPI read it, and it is read from top to bottom.',
  },
  {
    file: 'apps/web/src/i18n/en.ts',
    lines: 450,
    reason: 'One catalogue of all words, in the order of the screens; a translator works through it as a whole.',
  },
  {
    file: 'apps/web/src/i18n/mi.ts',
    lines: 450,
    reason: 'The same catalogue in te reo Māori, line beside line with the English one.',
  },
];

/** Files and functions of `root` over their budget, and exceptions nobody needs any more. */
export async function checkBudgets(root: string, exceptions = EXCEPTIONS): Promise<string[]> {
  const problems: string[] = [];
  for (const file of sourceFiles(root)) {
    const source = await readText(join(root, file));
    const lines = source.split('\n').length - (source.endsWith('\n') ? 1 : 0);
    const standard = isTest(file) ? FILE_LINES.test : FILE_LINES.source;
    const exception = exceptions.find((candidate) => candidate.file === file);
    if (lines > (exception?.lines ?? standard)) {
      problems.push(`${file} has ${lines} lines, more than ${exception?.lines ?? standard}: split it by idea`);
    }
    if (exception && lines <= standard) problems.push(`${file} fits the budget: remove its exception`);
    if (isTest(file)) continue;
    const limit = file.endsWith('.tsx') ? FUNCTION_LINES['.tsx'] : FUNCTION_LINES['.ts'];
    for (const found of functionsOf(source)) {
      if (found.ownLines > limit) {
        problems.push(`${file}:${found.line} ${found.name} has ${found.ownLines} lines of its own, more than ${limit}`);
      }
    }
  }
  for (const { file } of exceptions) {
    if (!(await Bun.file(join(root, file)).exists())) problems.push(`${file} has an exception but does not exist`);
  }
  return problems;
}

if (import.meta.main) report('budgets', await checkBudgets(ROOT), 'every file and function is within its budget');
