import { expect, test } from 'bun:test';

/** Without React and without encryption. */
const GZIP_MAX = 25_600;

test('the SDK stays within 25 KB gzip and brings no schema library', async () => {
  const built = await Bun.build({ entrypoints: [`${import.meta.dir}/index.ts`], minify: true, target: 'browser' });
  const code = (await Promise.all(built.outputs.map((output) => output.text()))).join('');
  const size = Bun.gzipSync(Buffer.from(code), { level: 9 }).byteLength;
  expect(code.includes('additionalProperties')).toBe(false);
  expect(size).toBeLessThanOrEqual(GZIP_MAX);
  // A bundle this small would mean that something is missing.
  expect(size).toBeGreaterThan(5_000);
});
