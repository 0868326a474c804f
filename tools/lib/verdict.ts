import { type Machine, provenExcuse } from './excuses.ts';
import type { FileResult } from './junit.ts';

export interface Verdict {
  readonly passed: number;
  readonly failed: number;
  /** Why it failed, a line each: the tests that did, and what counts as failed though no test said so. */
  readonly complaints: readonly string[];
  /** Why tests were left out that this machine cannot run, one for each. */
  readonly excuses: readonly string[];
}

/** One run of `bun test`: what was to run, what is known of it, and where it ran. */
export interface JudgedRun {
  readonly files: readonly string[];
  /** `null`: it left none. */
  readonly report: readonly FileResult[] | null;
  readonly exitCode: number;
  readonly machine: Machine;
}

/**
 * Judges one run of `bun test` by its report and exit code. Nothing passes by absence: a file without tests, a missing report
 * and a non-zero exit without a failed test each count as a failure, and so does a skipped test, unless its title ends with an
 * excuse that the machine proves: that one counts as neither.
 */
export function judge({ files, report, exitCode, machine }: JudgedRun): Verdict {
  if (!report) {
    const complaints = [`the test process left no report (exit code ${exitCode})`];
    return { passed: 0, failed: files.length, complaints, excuses: [] };
  }
  const complaints: string[] = [];
  const excuses: string[] = [];
  let passed = 0;
  let failed = 0;
  for (const result of report) {
    passed += result.passed;
    failed += result.failed.length;
    for (const name of result.failed) complaints.push(`${result.file}: ${name}`);
    for (const name of result.skipped) {
      const excuse = provenExcuse(name, machine);
      if (excuse !== null) {
        excuses.push(excuse);
        continue;
      }
      complaints.push(`${result.file}: ${name}: skipped; a test runs or is deleted`);
      failed++;
    }
  }
  for (const file of files) {
    const result = report.find((candidate) => candidate.file.replaceAll('\\', '/') === file);
    if (result && result.passed + result.failed.length + result.skipped.length > 0) continue;
    complaints.push(`${file}: no test ran; it is empty or failed to load`);
    failed++;
  }
  if (exitCode !== 0 && failed === 0) {
    complaints.push(`all tests passed but the process ended with ${exitCode}: an error outside the tests, see above`);
    failed++;
  }
  return { passed, failed, complaints, excuses };
}

/** A line for each reason why tests were left out. */
export function excuseLines(excuses: readonly string[]): string[] {
  return [...Map.groupBy(excuses, (excuse) => excuse)].map(
    ([reason, { length }]) => `${length} not run here: ${reason}`,
  );
}
