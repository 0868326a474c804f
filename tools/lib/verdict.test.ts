import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { countJUnit } from './junit.ts';
import { withProject } from './scratch.ts';
import { judge } from './verdict.ts';

const ok = (file: string) => ({ file, passed: 3, failed: [], skipped: 0 });

describe('a run of tests', () => {
  test('counts what passed and failed, and names what failed', () => {
    expect(judge(['a', 'b'], [ok('a'), { ...ok('b'), failed: ['adds', 'removes'] }], 1)).toEqual({
      passed: 6,
      failed: 2,
      complaints: ['b: adds', 'b: removes'],
    });
  });

  test('a skipped test is a failure', () => {
    expect(judge(['a'], [{ ...ok('a'), skipped: 1 }], 0)).toMatchObject({ passed: 3, failed: 1 });
  });

  test('a file without tests is a failure', () => {
    expect(judge(['a', 'b'], [ok('a')], 0)).toMatchObject({ passed: 3, failed: 1 });
    expect(judge(['a'], [{ file: 'a', passed: 0, failed: [], skipped: 0 }], 0)).toMatchObject({ passed: 0, failed: 1 });
  });

  test('a missing report fails every file', () => {
    expect(judge(['a', 'b'], null, 0)).toMatchObject({ passed: 0, failed: 2 });
  });

  test('an exit code without a failed test is a failure', () => {
    expect(judge(['a'], [ok('a')], 1)).toMatchObject({ passed: 3, failed: 1 });
  });
});

test('the counts of a real report: passed, failed, skipped, and a file that does not load', async () => {
  const files = {
    'x.test.ts': [
      "import { describe, expect, test } from 'bun:test';",
      "describe('a > \"b\"', () => { test('passes', () => {}); test('fails', () => expect(1).toBe(2)); });",
      "test.skip('skipped', () => {});",
      "test.each([1, 2])('each %d', () => {});",
    ].join('\n'),
    'y.test.ts': "throw new Error('does not load');",
  };
  await withProject(files, async (root) => {
    const child = Bun.spawn([process.execPath, 'test', '--reporter=junit', '--reporter-outfile=out.xml'], {
      cwd: root,
      stdout: 'ignore',
      stderr: 'ignore',
    });
    const code = await child.exited;
    const report = countJUnit(await Bun.file(join(root, 'out.xml')).text());
    expect(report).toEqual([{ file: 'x.test.ts', passed: 3, failed: ['fails'], skipped: 1 }]);
    expect(judge(['x.test.ts', 'y.test.ts'], report, code)).toMatchObject({ passed: 3, failed: 3 });
  });
});
