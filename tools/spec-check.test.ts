import { expect, test } from 'bun:test';
import { withProject } from './lib/scratch.ts';
import { checkSpec } from './spec-check.ts';

const SPEC = {
  'docs/spec/delivery.md': '# Delivery\n\n- **DL-1** Stored first.\n- **DL-2** Answered after.\n- **DL-3** Once.\n',
};

test('titles and proof comments count, mentions elsewhere do not', async () => {
  const problems = await withProject(
    {
      ...SPEC,
      'packages/a/src/a.test.ts':
        "test('DL-1 is stored first', () => {});\n// proves DL-2\ntest('answered', () => {});",
      'packages/a/src/b.ts': '/** Because of DL-3. UTF-8 and RFC-1 are no rules. */',
    },
    checkSpec,
  );
  expect(problems).toEqual(['docs/spec/delivery.md: no test proves DL-3']);
});

test('one title or comment may prove several rules', async () => {
  const problems = await withProject(
    {
      ...SPEC,
      'tests/a.test.ts': "test.each([1])('DL-1, DL-2: both', () => {});\n",
      'packages/testkit/src/contracts/store.ts': '// proves DL-2, DL-3',
    },
    checkSpec,
  );
  expect(problems).toEqual([]);
});

test('an unknown id, a doubled id and an empty specification are named', async () => {
  const cited = await withProject(
    { ...SPEC, 'tests/a.test.ts': "test('DL-1 DL-2 DL-3 all', () => {});\n// proves DL-9\n", 'README.md': 'See GW-7.' },
    checkSpec,
  );
  expect(cited).toEqual([
    'tests/a.test.ts cites DL-9, which docs/spec does not have',
    'README.md cites GW-7, which docs/spec does not have',
  ]);
  const doubled = await withProject(
    { 'docs/spec/a.md': '- **DL-1** One.\n- **DL-1** Two.\n', 'tests/a.test.ts': '// proves DL-1' },
    checkSpec,
  );
  expect(doubled).toEqual(['docs/spec/a.md: DL-1 is already a rule of docs/spec/a.md']);
  expect(await withProject({ 'docs/x.md': '' }, checkSpec)).toEqual(['docs/spec holds no rules']);
});
