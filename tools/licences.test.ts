import { expect, test } from 'bun:test';
import { isAllowed } from './licences.ts';

test('one allowed side of OR is enough, AND needs both', () => {
  expect(isAllowed('MIT')).toBe(true);
  expect(isAllowed('(MIT OR GPL-3.0-only)')).toBe(true);
  expect(isAllowed('MIT AND BSD-3-Clause')).toBe(true);
  expect(isAllowed('MIT AND GPL-3.0-only')).toBe(false);
  expect(isAllowed('AGPL-3.0-only')).toBe(false);
  expect(isAllowed('none given')).toBe(false);
});
