import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { findFiles, ROOT, readText, report } from './lib/files.ts';

const LINK = /!?\[[^\]\n]*\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g;
/** `packages/x/src/y.ts` in backticks: a path of this repository, perhaps with a line, that a reader will open. */
const CODE_PATH = /`((?:packages|apps|docs|tools|tests|bench|deploy)\/[\w./@-]*[\w/])(?::\d+)?`/g;
const FENCE = /^```[^\n]*\n[\s\S]*?^```\s*$/gm;
const CHECKED_BLOCK = /^```ts check\s*\n([\s\S]*?)^```\s*$/gm;

function documents(root: string): string[] {
  return ['*.md', 'docs/**/*.md', 'packages/*/*.md', 'apps/*/*.md', 'deploy/**/*.md'].flatMap((pattern) =>
    findFiles(root, pattern),
  );
}

/** Links and paths in documents that lead nowhere. Addresses on the network are not followed. */
export async function checkLinks(root: string): Promise<string[]> {
  const problems: string[] = [];
  for (const file of documents(root)) {
    const prose = (await readText(join(root, file))).replaceAll(FENCE, '');
    for (const [, target = ''] of prose.matchAll(LINK)) {
      const problem = await linkProblem(root, file, target);
      if (problem) problems.push(`${file}: ${problem}`);
    }
    for (const [, path = ''] of prose.matchAll(CODE_PATH)) {
      if (!existsSync(join(root, path))) problems.push(`${file}: \`${path}\` does not exist`);
    }
  }
  return problems;
}

async function linkProblem(root: string, file: string, target: string): Promise<string | null> {
  if (/^(https?:|mailto:)/.test(target)) return null;
  const [path = '', anchor] = target.split('#');
  const linked = path === '' ? file : normalize(join(dirname(file), decodeURIComponent(path)));
  if (linked.startsWith('..')) return `${target} leads out of the repository`;
  if (!existsSync(join(root, linked))) return `${target} does not exist`;
  if (anchor === undefined || !linked.endsWith('.md')) return null;
  return headingsOf(await readText(join(root, linked))).includes(anchor) ? null : `${target} names no heading`;
}

/** Anchors of a document's headings, as the usual hosts build them. */
function headingsOf(markdown: string): string[] {
  return [...markdown.replaceAll(FENCE, '').matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(/\s/g, '-'),
  );
}

/** Examples marked `ts check`, with the document each is in. */
export async function checkedExamples(root: string): Promise<{ file: string; code: string }[]> {
  const found: { file: string; code: string }[] = [];
  for (const file of documents(root)) {
    for (const [, code = ''] of (await readText(join(root, file))).matchAll(CHECKED_BLOCK)) found.push({ file, code });
  }
  return found;
}

/** Compiles the examples as modules of the package that users import from; returns the compiler's complaints. */
async function checkExamples(root: string): Promise<string[]> {
  const examples = await checkedExamples(root);
  if (examples.length === 0) return [];
  // Inside the test kit, whose dependencies are all of the packages an example may import.
  const folder = join(root, 'packages', 'testkit', 'dist', 'examples');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const [index, { code }] of examples.entries()) {
    await writeFile(join(folder, `example-${index}.ts`), `${code}\nexport {};\n`);
  }
  const settings = {
    extends: '../../../../tsconfig.tests.json',
    compilerOptions: { noUnusedLocals: false },
    include: ['*.ts'],
    exclude: [],
  };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(settings));
  const compiler = Bun.spawnSync([join(root, 'node_modules/.bin/tsc'), '-p', folder, '--pretty', 'false'], {
    cwd: folder,
  });
  await rm(folder, { recursive: true, force: true });
  if (compiler.exitCode === 0) return [];
  const text = compiler.stdout.toString() + compiler.stderr.toString();
  return text
    .trim()
    .split('\n')
    .map((line) =>
      line.replace(
        /^example-(\d+)\.ts/,
        (_, index) => `${examples[Number(index)]?.file} (example ${Number(index) + 1})`,
      ),
    );
}

if (import.meta.main) {
  report(
    'documents',
    [...(await checkLinks(ROOT)), ...(await checkExamples(ROOT))],
    'every link resolves and every example compiles',
  );
}
