import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildWeb, type WebManifest } from '../../../tools/build-web.ts';

const KB = 1_024;
let outDir = '';
let manifest: WebManifest;

beforeAll(async () => {
  outDir = join(await mkdtemp(join(tmpdir(), 'konferenco-budget-')), 'dist');
  await buildWeb({ outDir });
  manifest = JSON.parse(await readFile(join(outDir, 'files.json'), 'utf8'));
}, 60_000);
afterAll(() => rm(join(outDir, '..'), { recursive: true, force: true }));

const first = (pattern: RegExp) =>
  manifest.files.filter((f) => manifest.first.includes(f.path) && pattern.test(f.path));
const sum = (sizes: readonly number[]): number => sizes.reduce((a, b) => a + b, 0);

test('scripts and styles of the first load are at most 180 KB compressed', () => {
  const files = first(/\.(js|css|html)$/);
  expect(files.length).toBeGreaterThanOrEqual(3);
  expect(sum(files.map((f) => f.gzip ?? f.bytes))).toBeLessThanOrEqual(180 * KB);
});

test('fonts of the first paint are at most 60 KB, macrons included', () => {
  const fonts = first(/\.woff2$/);
  expect(fonts.map((f) => f.path).join()).toContain('macron');
  expect(sum(fonts.map((f) => f.bytes))).toBeLessThanOrEqual(60 * KB);
});

test('the service worker, which every browser compares on each visit, is at most 10 KB compressed', () => {
  const worker = manifest.files.find(({ path }) => path === 'service-worker.js');
  expect(worker?.gzip).toBeLessThanOrEqual(10 * KB);
});

test('the page runs no inline script and asks no other host for anything', async () => {
  const page = await readFile(join(outDir, 'index.html'), 'utf8');
  expect(page).not.toMatch(/<script(?![^>]*\ssrc=)/);
  expect(page).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
  const styles = await Promise.all(first(/\.css$/).map((f) => readFile(join(outDir, f.path), 'utf8')));
  expect(styles.join('')).not.toMatch(/url\(["']?(?:https?:)?\/\//);
});

test('a second build of the same sources touches nothing', async () => {
  const before = (await stat(join(outDir, 'index.html'))).mtimeMs;
  await buildWeb({ outDir });
  expect((await stat(join(outDir, 'index.html'))).mtimeMs).toBe(before);
});
