import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { manifests, ROOT, readText, report } from './lib/files.ts';

/** Licences that may be shipped with an Apache-2.0 program without conditions beyond keeping their notices. */
const ALLOWED = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'ISC',
  'MIT',
  'OFL-1.1',
  'Unlicense',
]);

/** Manifests that are installed only to build and test; what they alone bring is not shipped. */
const NOT_SHIPPED = ['bench/package.json', 'packages/testkit/package.json'];

interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly license?: string | { readonly type?: string };
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** True when an SPDX expression is satisfied by allowed licences: any side of OR, every side of AND. */
export function isAllowed(expression: string): boolean {
  const plain = expression.replaceAll(/[()]/g, ' ').trim();
  return plain
    .split(/\s+OR\s+/)
    .some((side) => side.split(/\s+AND\s+/).every((licence) => ALLOWED.has(licence.trim())));
}

/** Production dependencies, direct and indirect, whose licence is unknown or not allowed. */
async function checkLicences(root: string): Promise<{ problems: string[]; count: number }> {
  const problems: string[] = [];
  const seen = new Set<string>();
  const queue: { folder: string; name: string; optional: boolean }[] = [];
  const enqueue = (folder: string, manifest: Manifest) => {
    for (const name of Object.keys(manifest.dependencies ?? {})) queue.push({ folder, name, optional: false });
    for (const name of Object.keys(manifest.optionalDependencies ?? {})) queue.push({ folder, name, optional: true });
  };
  for (const file of manifests(root)) {
    if (!NOT_SHIPPED.includes(file)) enqueue(dirname(join(root, file)), JSON.parse(await readText(join(root, file))));
  }
  for (let next = queue.pop(); next; next = queue.pop()) {
    if (next.name.startsWith('@konferenco/')) continue;
    const folder = locate(next.folder, next.name);
    if (!folder && !next.optional) problems.push(`${next.name} is not installed, so its licence is unknown`);
    if (!folder || seen.has(folder)) continue;
    seen.add(folder);
    const manifest = JSON.parse(await readText(join(folder, 'package.json'))) as Manifest;
    const licence = typeof manifest.license === 'string' ? manifest.license : (manifest.license?.type ?? 'none given');
    if (!isAllowed(licence))
      problems.push(`${manifest.name}@${manifest.version}: licence ${licence} is not on the list`);
    enqueue(folder, manifest);
  }
  if (seen.size === 0) problems.push('found no installed dependency: is node_modules there?');
  return { problems, count: seen.size };
}

/** Where a package that the one in `from` depends on is installed, by Node's rules; links followed. */
function locate(from: string, name: string): string | null {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder.endsWith('node_modules') ? folder : join(folder, 'node_modules'), name);
    if (existsSync(join(candidate, 'package.json'))) return realpathSync(candidate);
    if (dirname(folder) === folder) return null;
  }
}

if (import.meta.main) {
  const { problems, count } = await checkLicences(ROOT);
  report('licences', problems, `${count} production dependencies, all on the list`);
}
