import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StaticFiles } from './static-files.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'konferenco-static-'));
  for (const folder of ['assets', 'icons']) mkdirSync(join(dir, folder));
  const files = {
    'index.html': 'page',
    'service-worker.js': 'worker',
    'manifest.webmanifest': '{}',
    'icons/icon-512-maskable.png': 'picture',
    'assets/main-1a2b3c4d.js': 'script',
    'assets/main-1a2b3c4d.js.br': 'compressed',
  };
  for (const [path, content] of Object.entries(files)) writeFileSync(join(dir, path), content);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const headersOf = (path: string) => new StaticFiles(dir).serve(path, '')?.headers;

test('only names that hold a hash of the content are kept for ever', () => {
  expect(headersOf('/assets/main-1a2b3c4d.js')?.get('cache-control')).toContain('immutable');
  for (const path of ['/', '/talk', '/service-worker.js', '/manifest.webmanifest', '/icons/icon-512-maskable.png'])
    expect({ path, cache: headersOf(path)?.get('cache-control') }).toEqual({ path, cache: 'no-cache' });
});

test('the service worker may serve every place, and no other file claims that', () => {
  expect(headersOf('/service-worker.js')?.get('service-worker-allowed')).toBe('/');
  expect(headersOf('/service-worker.js')?.get('content-type')).toBe('text/javascript; charset=utf-8');
  expect(headersOf('/assets/main-1a2b3c4d.js')?.get('service-worker-allowed')).toBeNull();
  expect(headersOf('/manifest.webmanifest')?.get('content-type')).toBe('application/manifest+json');
});

test('a place of the app gets the page; a file that is not there gets nothing', async () => {
  const files = new StaticFiles(dir);
  expect(await files.serve('/programme/s-1', '')?.text()).toBe('page');
  expect(files.serve('/assets/main-00000000.js', '')?.status).toBe(404);
});

test('who takes a compressed copy gets it', async () => {
  const answer = new StaticFiles(dir).serve('/assets/main-1a2b3c4d.js', 'gzip, br');
  expect(answer?.headers.get('content-encoding')).toBe('br');
  expect(await answer?.text()).toBe('compressed');
});
