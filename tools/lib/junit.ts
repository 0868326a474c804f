/** What one test file's report says. */
export interface FileResult {
  readonly file: string;
  readonly passed: number;
  /** The names of the tests that failed. */
  readonly failed: readonly string[];
  /** The names of skipped and to-do tests. */
  readonly skipped: readonly string[];
}

const SUITE = /<testsuite\b([^>]*?)(\/?)>|<\/testsuite>/g;
const CASE = /<testcase\b([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g;

/**
 * Counts by test file from a JUnit report of `bun test`. Cases are counted one by one, because the totals that reports
 * carry on their suites differ between versions.
 */
export function countJUnit(xml: string): FileResult[] {
  const counts = new Map<string, { passed: number; failed: string[]; skipped: string[] }>();
  const at = (file: string) => {
    const known = counts.get(file) ?? { passed: 0, failed: [], skipped: [] };
    counts.set(file, known);
    return known;
  };
  for (const [, attributes = ''] of xml.matchAll(SUITE)) {
    const file = attribute(attributes, 'file');
    if (file) at(file);
  }
  for (const [, attributes = '', body = ''] of xml.matchAll(CASE)) {
    const count = at(attribute(attributes, 'file') ?? '(no file)');
    const name = attribute(attributes, 'name') ?? '(no name)';
    if (/<(failure|error)\b/.test(body)) count.failed.push(name);
    else if (/<skipped\b/.test(body)) count.skipped.push(name);
    else count.passed++;
  }
  return [...counts].map(([file, count]) => ({ file, ...count }));
}

function attribute(attributes: string, name: string): string | undefined {
  return new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1];
}
