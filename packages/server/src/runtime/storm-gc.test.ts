import { afterEach, beforeEach, expect, jest, test } from 'bun:test';
import { collectAfterStorms } from './storm-gc.ts';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

test('garbage is collected once after a storm, when it is calm again', () => {
  let turnover = 0;
  let collections = 0;
  const stop = collectAfterStorms(
    () => turnover,
    () => collections++,
  );
  const pass = (connections: number) => {
    turnover += connections;
    jest.advanceTimersByTime(2_000);
  };
  pass(600);
  pass(600);
  expect(collections).toBe(0);
  pass(10);
  expect(collections).toBe(1);
  for (let i = 0; i < 20; i++) pass(10);
  expect(collections).toBe(1);
  stop();
  pass(2_000);
  pass(0);
  expect(collections).toBe(1);
});
