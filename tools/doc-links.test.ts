import { expect, test } from 'bun:test';
import { checkedExamples, checkLinks } from './doc-links.ts';
import { withProject } from './lib/scratch.ts';

test('links to files, headings and the network that hold', async () => {
  const problems = await withProject(
    {
      'README.md':
        'See [guide](docs/a.md#what-it-is--and-why), [top](#hello), [net](https://example.org/x) and `docs/a.md:3`.\n# Hello\n',
      'docs/a.md':
        '## What it is – and why?\n[back](../README.md) ![picture](b.png)\n```md\n[not a link](nowhere.md)\n```\n',
      'docs/b.png': '',
    },
    checkLinks,
  );
  expect(problems).toEqual([]);
});

test('links that lead nowhere are named', async () => {
  const problems = await withProject(
    {
      'README.md': '[a](docs/none.md) [b](docs/a.md#none) [c](../secret.md) `packages/x/src/y.ts`',
      'docs/a.md': '# A',
    },
    checkLinks,
  );
  expect(problems).toEqual([
    'README.md: docs/none.md does not exist',
    'README.md: docs/a.md#none names no heading',
    'README.md: ../secret.md leads out of the repository',
    'README.md: `packages/x/src/y.ts` does not exist',
  ]);
});

test('only examples marked as checked are compiled', async () => {
  const text = '```ts check\nconst a: number = 1;\n```\n```ts\nbroken(\n```\n';
  const examples = await withProject({ 'docs/a.md': text }, checkedExamples);
  expect(examples).toEqual([{ file: 'docs/a.md', code: 'const a: number = 1;\n' }]);
});
