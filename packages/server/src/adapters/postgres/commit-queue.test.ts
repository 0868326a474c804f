import { expect, test } from 'bun:test';
import { type Outcome, StoreUnavailableError } from '@konferenco/core';
import { CommitQueue } from './commit-queue.ts';
import { BatchRefusedError } from './errors.ts';
import type { PreparedCommand } from './prepared.ts';

const EXPIRES = 4_000_000_000_000;
/** More than one transaction holds. */
const MANY = 700;

function call(queue: CommitQueue, log: string): Promise<Outcome[]> {
  return queue.submit([
    { appends: [{ log, id: Bun.randomUUIDv7(), sender: 'ann', envelope: '{}', expires_at: EXPIRES }] },
  ]);
}

const logsOf = (commands: readonly PreparedCommand[]) =>
  commands.flatMap(({ appends }) => appends.map(({ log }) => log));

/** Outcomes that name the log of each command. */
const outcomesOf = (commands: readonly PreparedCommand[]): Outcome[] =>
  logsOf(commands).map((key) => ({ kind: 'conflict', collection: '', key }));

test('what waits while a batch is written is written next, once and in the order of the calls', async () => {
  const written: string[][] = [];
  const queue = new CommitQueue(async (commands) => {
    written.push(logsOf(commands));
    return outcomesOf(commands);
  });
  const names = Array.from({ length: MANY }, (_, i) => `ch:${i}`);
  const outcomes = await Promise.all(names.map((name) => call(queue, name)));
  expect(outcomes.flat()).toMatchObject(names.map((key) => ({ key })));
  expect(written.flat()).toEqual(names);
  expect(written.length).toBeGreaterThan(1);
  expect(queue.size).toBe(0);
});

test('a batch that fails gives up those that wait behind it', async () => {
  let batches = 0;
  const queue = new CommitQueue(async () => {
    batches++;
    throw new StoreUnavailableError('no server');
  });
  const results = await Promise.allSettled(Array.from({ length: MANY }, (_, i) => call(queue, `ch:${i}`)));
  expect(results.every(({ status }) => status === 'rejected')).toBe(true);
  expect(batches).toBe(1);
  expect(queue.size).toBe(0);
});

test('when a batch is refused its calls are tried alone, before those that wait', async () => {
  const written: string[][] = [];
  const queue = new CommitQueue(async (commands) => {
    const logs = logsOf(commands);
    written.push(logs);
    if (logs.includes('ch:bad')) throw new BatchRefusedError('it does not fit');
    return outcomesOf(commands);
  });
  const names = Array.from({ length: MANY }, (_, i) => (i === 5 ? 'ch:bad' : `ch:${i}`));
  const results = await Promise.allSettled(names.map((name) => call(queue, name)));
  expect(results.flatMap(({ status }, i) => (status === 'rejected' ? [names[i]] : []))).toEqual(['ch:bad']);
  expect(written.slice(1).flat()).toEqual(names);
});
