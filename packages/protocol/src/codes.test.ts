import { describe, expect, test } from 'bun:test';
import { CLOSE_CODES, comebackOf, recourseOf } from './codes.ts';
import { ERROR_CODES } from './error-codes.ts';

const registries = { 'reply errors': ERROR_CODES, 'close codes': CLOSE_CODES };

describe.each(Object.entries(registries))('%s', (_, registry) => {
  const entries = Object.values(registry);

  test('have numbers of their own', () => {
    expect(new Set(entries.map((entry) => entry.code)).size).toBe(entries.length);
  });

  test('say in one sentence for people what is wrong', () => {
    for (const { text } of entries) expect(text).toMatch(/^[A-Z].*\.$/);
  });
});

// proves PR-6
test('the range of an error code decides what a client does, also for a code it has never seen', () => {
  for (const { code } of Object.values(ERROR_CODES)) expect(code).toBeWithin(1000, 5000);
  expect([1000, 1999].map(recourseOf)).toEqual(['never', 'never']);
  expect([2000, 2999].map(recourseOf)).toEqual(['after_sign_in', 'after_sign_in']);
  expect([3000, 3999, 4000, 4999].map(recourseOf)).toEqual(['later', 'later', 'later', 'later']);
  expect(recourseOf(ERROR_CODES.rate_limited.code)).toBe('later');
  expect(recourseOf(ERROR_CODES.forbidden.code)).toBe('after_sign_in');
  expect(recourseOf(ERROR_CODES.id_reused.code)).toBe('never');
});

// proves PR-7
test('the range of a close code decides whether and when a client comes back', () => {
  for (const { code } of Object.values(CLOSE_CODES)) expect(code).toBeWithin(4000, 4400);
  expect([4000, 4099].map(comebackOf)).toEqual(['at_once', 'at_once']);
  expect([4100, 4199].map(comebackOf)).toEqual(['with_backoff', 'with_backoff']);
  expect([4200, 4299].map(comebackOf)).toEqual(['after_refresh', 'after_refresh']);
  expect([4300, 4399].map(comebackOf)).toEqual(['never', 'never']);
  expect([1000, 1001, 1006, 1011, 3999, 4400, 4999].map(comebackOf)).toEqual(Array(7).fill('with_backoff'));
});
