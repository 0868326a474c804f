import { expect, test } from 'bun:test';
import { basename } from 'node:path';

/** Without React and without encryption; what every program loads at its start. */
const GZIP_MAX = 25_600;

/** Names of the files that a built module imports at once, which `import()` does not. */
function importsOf(code: string): string[] {
  return [...code.matchAll(/(?:\bfrom|\bimport)\s*"\.\/([^"]+)"/g)].map(([, name = '']) => name);
}

test('the SDK stays within 25 KB gzip and brings no schema library', async () => {
  const entrypoints = [`${import.meta.dir}/index.ts`];
  const built = await Bun.build({ entrypoints, minify: true, splitting: true, target: 'browser' });
  const files = new Map(
    await Promise.all(built.outputs.map(async (output) => [basename(output.path), await output.text()] as const)),
  );
  const atStart = new Set(['index.js']);
  for (const name of atStart) for (const imported of importsOf(files.get(name) ?? '')) atStart.add(imported);
  const code = [...atStart].map((name) => files.get(name)).join('');
  const size = Bun.gzipSync(Buffer.from(code), { level: 9 }).byteLength;
  expect([...files.values()].join('').includes('additionalProperties')).toBe(false);
  expect(size).toBeLessThanOrEqual(GZIP_MAX);
  // A bundle this small would mean that something is missing.
  expect(size).toBeGreaterThan(5_000);
  expect(files.size).toBeGreaterThan(atStart.size);
});
