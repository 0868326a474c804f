import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { EXCUSES, leftOut, type Machine } from './excuses.ts';
import { countJUnit, type FileResult } from './junit.ts';
import { withProject } from './scratch.ts';
import { excuseLines, judge as judgeOn } from './verdict.ts';

const ROOT: Machine = { platform: 'linux', uid: 0 };
const SOMEBODY: Machine = { platform: 'linux', uid: 1_000 };
const ELSEWHERE: Machine = { platform: 'darwin', uid: 0 };

const judge = (files: readonly string[], report: readonly FileResult[] | null, exitCode: number, machine = ROOT) =>
  judgeOn({ files, report, exitCode, machine });
const ok = (file: string): FileResult => ({ file, passed: 3, failed: [], skipped: [] });

describe('a run of tests', () => {
  test('counts what passed and failed, and names what failed', () => {
    expect(judge(['a', 'b'], [ok('a'), { ...ok('b'), failed: ['adds', 'removes'] }], 1)).toEqual({
      passed: 6,
      failed: 2,
      complaints: ['b: adds', 'b: removes'],
      excuses: [],
    });
  });

  test('a skipped test is a failure', () => {
    for (const machine of [ROOT, SOMEBODY, ELSEWHERE]) {
      const verdict = judge(['a'], [{ ...ok('a'), skipped: ['later', 'fills a disk (no time)'] }], 0, machine);
      expect(verdict).toMatchObject({ passed: 3, failed: 2, excuses: [] });
    }
  });

  test('a test left out for a reason that the machine proves is neither passed nor failed; for root on Linux it is failed', () => {
    const { reason } = EXCUSES.small_disk;
    const report = [{ ...ok('a'), passed: 0, skipped: [leftOut('fills a disk', reason)] }, ok('b')];
    for (const machine of [SOMEBODY, ELSEWHERE])
      expect(judge(['a', 'b'], report, 0, machine)).toEqual({
        ...{ passed: 3, failed: 0, complaints: [] },
        excuses: [reason],
      });
    expect(judge(['a', 'b'], report, 0, ROOT)).toMatchObject({ passed: 3, failed: 1, excuses: [] });
  });

  test('an excuse hides nothing else that went wrong', () => {
    const { reason } = EXCUSES.small_disk;
    const left = leftOut('fills a disk', reason);
    const torn = { ...ok('a'), failed: ['adds'], skipped: [left] };
    expect(judge(['a'], [torn], 1, SOMEBODY)).toMatchObject({ passed: 3, failed: 1, excuses: [reason] });
    expect(judge(['a', 'b'], [{ ...ok('a'), skipped: [left] }], 0, SOMEBODY)).toMatchObject({ passed: 3, failed: 1 });
    expect(judge(['a'], [{ ...ok('a'), skipped: [left] }], 1, SOMEBODY)).toMatchObject({ passed: 3, failed: 1 });
    expect(judge(['a'], [{ ...ok('a'), skipped: [`${left} later`] }], 0, SOMEBODY)).toMatchObject({ failed: 1 });
  });

  test('at the end each reason has a line, with how many tests it left out', () => {
    expect(excuseLines([])).toEqual([]);
    expect(excuseLines(['needs root', 'needs a moon', 'needs root'])).toEqual([
      '2 not run here: needs root',
      '1 not run here: needs a moon',
    ]);
  });

  test('a file without tests is a failure', () => {
    expect(judge(['a', 'b'], [ok('a')], 0)).toMatchObject({ passed: 3, failed: 1 });
    expect(judge(['a'], [{ ...ok('a'), passed: 0 }], 0)).toMatchObject({ passed: 0, failed: 1 });
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
    expect(report).toEqual([{ file: 'x.test.ts', passed: 3, failed: ['fails'], skipped: ['skipped'] }]);
    expect(judge(['x.test.ts', 'y.test.ts'], report, code)).toMatchObject({ passed: 3, failed: 3 });
  });
});
