import type { FileResult } from './junit.ts';

export interface Verdict {
  readonly passed: number;
  readonly failed: number;
  /** Why it failed, a line each: the tests that did, and what counts as failed though no test said so. */
  readonly complaints: readonly string[];
}

/**
 * Judges one run of `bun test` by its report and exit code. Nothing passes by absence: a skipped test, a file without
 * tests, a missing report and a non-zero exit without a failed test each count as a failure.
 */
export function judge(files: readonly string[], report: readonly FileResult[] | null, exitCode: number): Verdict {
  if (!report)
    return { passed: 0, failed: files.length, complaints: [`the test process left no report (exit code ${exitCode})`] };
  const complaints: string[] = [];
  let passed = 0;
  let failed = 0;
  for (const result of report) {
    passed += result.passed;
    failed += result.failed.length;
    for (const name of result.failed) complaints.push(`${result.file}: ${name}`);
    if (result.skipped > 0) {
      complaints.push(`${result.file}: ${result.skipped} skipped; a test runs or is deleted`);
      failed += result.skipped;
    }
  }
  for (const file of files) {
    const result = report.find((candidate) => candidate.file.replaceAll('\\', '/') === file);
    if (result && result.passed + result.failed.length + result.skipped > 0) continue;
    complaints.push(`${file}: no test ran; it is empty or failed to load`);
    failed++;
  }
  if (exitCode !== 0 && failed === 0) {
    complaints.push(`all tests passed but the process ended with ${exitCode}: an error outside the tests, see above`);
    failed++;
  }
  return { passed, failed, complaints };
}
