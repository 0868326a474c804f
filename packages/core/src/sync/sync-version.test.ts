import { expect, test } from 'bun:test';
import { coversVersion, versionAt } from './sync-version.ts';

// proves SY-14, SY-17
test('who knows nothing of a store does not know what was there before its first operation', () => {
  expect(coversVersion('', versionAt('e', 0))).toBe(false);
  expect(coversVersion(versionAt('other', 9), versionAt('e', 0))).toBe(false);
  expect(coversVersion(versionAt('e', 0), versionAt('e', 0))).toBe(true);
  expect(coversVersion(versionAt('e', 2), versionAt('e', 3))).toBe(false);
  expect(coversVersion(`${versionAt('e', 3)},${versionAt('f', 1)}`, versionAt('e', 3))).toBe(true);
  expect(coversVersion('', '')).toBe(true);
  expect(coversVersion(versionAt('e', 1), 'no version')).toBe(true);
});
