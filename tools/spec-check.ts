import { join } from 'node:path';
import { findFiles, ROOT, readText, report } from './lib/files.ts';

/** A rule stands in docs/spec as a paragraph or list item that begins with its id in bold: `- **DL-4** …`. */
const RULE = /^(?:- )?\*\*([A-Z]{2}-\d+)\*\*\s+(\S.*)$/gm;
/** Two letters of the known families; anything else that looks alike (UTF-8, RFC-1) is not a citation. */
const FAMILIES = [
  'PR',
  'DL',
  'GW',
  'AC',
  'CL',
  'PS',
  'ST',
  'CR',
  'LS',
  'TR',
  'AP',
  'TB',
  'SY',
  'CF',
  'RP',
  'CN',
  'BU',
  'AT',
  'OP',
  'UP',
  'PO',
] as const;
const CITATION = new RegExp(`\\b(?:${FAMILIES.join('|')})-\\d+\\b`, 'g');
/** Tests, and the contract suites that tests run against each adapter. */
const PROOF_FILE = /\.test\.tsx?$|^packages\/testkit\/src\/contracts\//;
/** What counts as proof: a comment `// proves DL-4, DL-5` or a test title that begins with ids. */
const PROOF_COMMENT = /\/\/ proves ([A-Z]{2}-\d+(?:, [A-Z]{2}-\d+)*)/g;
const PROOF_TITLE = /\b(?:test|it|describe)(?:\.\w+)*(?:\([^)]*\))?\(\s*['"`]((?:[A-Z]{2}-\d+[,:]?\s+)+)/g;

/**
 * Rules without a test, tests of rules that do not exist, and ids used twice.
 *
 * A rule counts as tested when a test file names it in a title (`test('DL-4 …')`) or in `// proves DL-4`. Any other
 * mention, in code or documents, must at least exist.
 */
export async function checkSpec(root: string): Promise<string[]> {
  const problems: string[] = [];
  const rules = new Map<string, string>();
  for (const file of findFiles(root, 'docs/spec/*.md')) {
    for (const match of (await readText(join(root, file))).matchAll(RULE)) {
      const id = match[1] ?? '';
      if (rules.has(id)) problems.push(`${file}: ${id} is already a rule of ${rules.get(id)}`);
      if (!FAMILIES.some((family) => id.startsWith(`${family}-`)))
        problems.push(`${file}: ${id} is of no known family`);
      rules.set(id, file);
    }
  }
  if (rules.size === 0) return ['docs/spec holds no rules'];
  const proven = new Set<string>();
  for (const file of citingFiles(root)) {
    const text = await readText(join(root, file));
    if (PROOF_FILE.test(file)) for (const id of proofsIn(text)) proven.add(id);
    for (const [id] of text.matchAll(CITATION)) {
      if (!rules.has(id)) problems.push(`${file} cites ${id}, which docs/spec does not have`);
    }
  }
  for (const [id, file] of rules) if (!proven.has(id)) problems.push(`${file}: no test proves ${id}`);
  return [...new Set(problems)];
}

function citingFiles(root: string): string[] {
  const patterns = [
    'packages/*/src/**/*.{ts,tsx}',
    'apps/*/src/**/*.{ts,tsx}',
    'tests/**/*.ts',
    'tests/**/*.tsx',
    'docs/**/*.md',
    '*.md',
  ];
  return patterns.flatMap((pattern) => findFiles(root, pattern));
}

function proofsIn(text: string): string[] {
  const groups = [...text.matchAll(PROOF_COMMENT), ...text.matchAll(PROOF_TITLE)].map((match) => match[1] ?? '');
  return groups.flatMap((group) => group.match(CITATION) ?? []);
}

if (import.meta.main) report('spec', await checkSpec(ROOT), 'every rule has a test and every cited rule exists');
