import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder. */
export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Paths below `root` that match a glob, sorted, with forward slashes; never inside node_modules, dist or .git. */
export function findFiles(root: string, pattern: string): string[] {
  if (!existsSync(root)) return [];
  return [...new Bun.Glob(pattern).scanSync({ cwd: root, dot: false })]
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => !/(^|\/)(node_modules|dist|\.git)\//.test(path))
    .sort();
}

/** The manifests of our packages, relative to `root`. */
export function manifests(root: string): string[] {
  return ['packages/*/package.json', 'apps/*/package.json', 'bench/package.json'].flatMap((pattern) =>
    findFiles(root, pattern),
  );
}

/** The project's own TypeScript, relative to `root`. */
export function sourceFiles(root: string): string[] {
  return [
    'packages/*/src/**/*.{ts,tsx}',
    'apps/*/src/**/*.{ts,tsx}',
    'bench/**/*.ts',
    'tests/**/*.{ts,tsx}',
    'tools/**/*.ts',
  ].flatMap((pattern) => findFiles(root, pattern));
}

/** Folders and files that only tests use: suites, contract suites, stand-ins (`testing/`, `test-world.ts`). */
const TEST_ONLY = [
  /\.test\.tsx?$/,
  /^tests\//,
  /^packages\/testkit\/src\/contracts\//,
  /\/testing\//,
  /^(?!packages\/testkit\/).*\/test-[\w-]+\.tsx?$/,
] as const;

/** A test, or something only tests use. */
export function isTest(path: string): boolean {
  return TEST_ONLY.some((pattern) => pattern.test(path));
}

export function readText(path: string): Promise<string> {
  return Bun.file(path).text();
}

/** Prints what a check found and sets the exit code: the common ending of every check. */
export function report(check: string, problems: readonly string[], passed: string): void {
  if (problems.length === 0) {
    console.log(`${check}: ${passed}`);
    return;
  }
  for (const problem of problems) console.error(problem);
  console.error(`${check}: ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`);
  process.exitCode = 1;
}
