import { describe, expect, test } from 'bun:test';
import { parseOptions, UsageError } from './options.ts';

const anySeed = () => 42;

describe('the command line of a fault run', () => {
  test('runs twenty minutes with 300 writers on one node, with a seed of its own', () => {
    expect(parseOptions([], anySeed)).toEqual({ minutes: 20, seed: 42, topology: 'single', writers: 300, check: null });
  });

  test('takes what is given', () => {
    const argv = ['--minutes', '0.5', '--seed=7', '--topology', 'cluster', '--writers', '40'];
    expect(parseOptions(argv, anySeed)).toMatchObject({ minutes: 0.5, seed: 7, topology: 'cluster', writers: 40 });
    expect(parseOptions(['--check', 'history.jsonl'], anySeed).check).toBe('history.jsonl');
  });

  test('refuses in words what makes no sense', () => {
    for (const argv of [
      ['--minutes', 'x'],
      ['--minutes='],
      ['--writers', '1'],
      ['--seed', '1.5'],
      ['--topology', 'ring'],
      ['--what'],
    ])
      expect(() => parseOptions(argv, anySeed)).toThrow(UsageError);
  });
});
