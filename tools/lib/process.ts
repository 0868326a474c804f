import { ROOT } from './files.ts';

export interface StepResult {
  readonly code: number;
  readonly ms: number;
  readonly timedOut: boolean;
  /** What it printed, when it was captured. */
  readonly output: string;
}

/** Exit code after SIGTERM, by the shells' convention. */
const STOPPED = 143;

/**
 * Runs one program in the project's folder and waits for it; past `timeoutMs` it is killed and counts as failed. A signal to
 * stop ends the program, and then this process: no further step begins.
 */
export async function runStep(
  command: readonly string[],
  options: { readonly timeoutMs: number; readonly capture?: boolean },
): Promise<StepResult> {
  const started = performance.now();
  const stream = options.capture ? 'pipe' : 'inherit';
  const env = options.capture ? { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' } : process.env;
  // Listening comes before the child exists: a signal in between would end this process alone and leave an orphan.
  let child: Bun.Subprocess | null = null;
  let stopped = false;
  const stop = () => {
    stopped = true;
    child?.kill('SIGTERM');
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  const running = Bun.spawn([...command], { cwd: ROOT, env, stdin: 'ignore', stdout: stream, stderr: stream });
  child = running;
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    running.kill('SIGKILL');
  }, options.timeoutMs);
  const texts = [running.stdout, running.stderr].map((part) => (part ? new Response(part).text() : ''));
  const [out, err, code] = await Promise.all([texts[0], texts[1], running.exited]);
  clearTimeout(timer);
  process.off('SIGTERM', stop);
  process.off('SIGINT', stop);
  if (stopped) process.exit(STOPPED);
  const output = [out, err].filter((text) => text?.trim()).join('\n');
  return { code: timedOut ? 124 : code, ms: performance.now() - started, timedOut, output };
}

/** `0.4 s`, `12 s`: what a person wants to know about a duration. */
export function formatSeconds(ms: number): string {
  const seconds = ms / 1000;
  return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
}
