import { expect, test } from 'bun:test';
import { checkBudgets } from './budgets.ts';
import { withProject } from './lib/scratch.ts';

const lines = (count: number, text = 'work();') => `${text}\n`.repeat(count);

test('a file and a function at their limits pass, one line more is named', async () => {
  const problems = await withProject(
    {
      'packages/a/src/ok.ts': lines(300),
      'packages/a/src/long.ts': lines(301),
      'packages/a/src/fn-ok.ts': `function fine() {\n${lines(48)}}\n`,
      'packages/a/src/fn-long.ts': `function big() {\n${lines(49)}}\n`,
      'packages/a/src/story.test.ts': lines(400),
    },
    (root) => checkBudgets(root, []),
  );
  expect(problems).toEqual([
    'packages/a/src/fn-long.ts:1 big has 51 lines of its own, more than 50',
    'packages/a/src/long.ts has 301 lines, more than 300: split it by idea',
  ]);
});

test('an exception raises the limit of its file and must be needed', async () => {
  const exceptions = [
    { file: 'packages/a/src/table.ts', lines: 350, reason: 'one table' },
    { file: 'packages/a/src/small.ts', lines: 350, reason: 'was long once' },
    { file: 'packages/a/src/gone.ts', lines: 350, reason: 'was there once' },
  ];
  const problems = await withProject(
    { 'packages/a/src/table.ts': lines(340), 'packages/a/src/small.ts': lines(10) },
    (root) => checkBudgets(root, exceptions),
  );
  expect(problems).toEqual([
    'packages/a/src/small.ts fits the budget: remove its exception',
    'packages/a/src/gone.ts has an exception but does not exist',
  ]);
});
