import { expect, test } from 'bun:test';
import type { Scenario } from './harness/scenario.ts';
import { parseOptions, UsageError } from './options.ts';

const scenario = (name: string, fullOnly: boolean): Scenario => ({
  name,
  title: name,
  params: { members: { full: 10, quick: 1, about: 'members' } },
  metrics: [],
  entrants: [],
  fullOnly,
});
const catalogue = [scenario('small', false), scenario('large', true)];

test('without names, quick leaves out what a smaller scenario does too', () => {
  expect(parseOptions(['--quick'], catalogue)).toMatchObject({ runs: 1, quick: true, scenarios: [{ name: 'small' }] });
  expect(parseOptions([], catalogue).scenarios).toHaveLength(2);
  expect(parseOptions(['--quick', 'large'], catalogue).scenarios).toMatchObject([{ name: 'large' }]);
});

test('five runs unless told otherwise', () => {
  expect(parseOptions([], catalogue).runs).toBe(5);
  expect(parseOptions(['--runs=7', '--members=3'], catalogue)).toMatchObject({ runs: 7, params: { members: 3 } });
});

test('a misspelt scenario, parameter or number is refused', () => {
  for (const args of [['smal'], ['--membrs=3'], ['--members'], ['--runs=many']]) {
    expect(() => parseOptions(args, catalogue)).toThrow(UsageError);
  }
});

test('the name of a family means all its scenarios, and only its', () => {
  const family = [scenario('idle-1', false), scenario('idle-2', true), scenario('idler', false)];
  expect(parseOptions(['--quick', 'idle'], family).scenarios.map(({ name }) => name)).toEqual(['idle-1', 'idle-2']);
});
