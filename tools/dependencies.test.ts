import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findFiles, ROOT } from './lib/files.ts';

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const manifests = [
  'package.json',
  ...findFiles(ROOT, '{packages,apps}/*/package.json'),
  ...findFiles(ROOT, '{bench,tests}/package.json'),
].map((file) => JSON.parse(readFileSync(join(ROOT, file), 'utf8')) as Manifest);
const used = manifests
  .flatMap(({ dependencies = {}, devDependencies = {} }) => [
    ...Object.entries(dependencies),
    ...Object.entries(devDependencies),
  ])
  .filter(([name]) => !name.startsWith('@konferenco/'));

test('every dependency is pinned to one version', () => {
  for (const [name, version] of used)
    expect({ name, version }).toEqual({ name, version: expect.stringMatching(/^\d+\.\d+\.\d+$/) });
});

test('docs/dependencies.md says why each dependency is there, and names no other', () => {
  const text = readFileSync(join(ROOT, 'docs/dependencies.md'), 'utf8');
  const rows = text.split('\n').filter((line) => line.startsWith('| `'));
  const named = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name));
  expect(named.toSorted()).toEqual([...new Set(used.map(([name]) => name))].toSorted());
});
