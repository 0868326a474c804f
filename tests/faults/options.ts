import { parseArgs } from 'node:util';

export interface Options {
  readonly minutes: number;
  readonly seed: number;
  readonly topology: 'single' | 'cluster';
  readonly writers: number;
  /** A history to be judged again, instead of a run. */
  readonly check: string | null;
}

export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const USAGE = `npm run test:faults [-- --minutes 20] [--seed N] [--topology single|cluster] [--writers 300]
npm run test:faults -- --check FILE      judges a recorded history again`;

/**
 * The command line of a fault run.
 *
 * @throws {UsageError} in words for whoever typed it.
 */
export function parseOptions(argv: readonly string[], anySeed: () => number): Options {
  const { minutes, seed, topology, writers, check } = parse(argv);
  if (topology !== 'single' && topology !== 'cluster') throw new UsageError('--topology is single or cluster');
  return {
    minutes: numberOf('--minutes', minutes, { min: 0.1, max: 1440 }),
    seed: seed === undefined ? anySeed() : numberOf('--seed', seed, { min: 0, max: 2 ** 32 - 1, whole: true }),
    topology,
    writers: numberOf('--writers', writers, { min: 2, max: 5_000, whole: true }),
    check: check ?? null,
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        minutes: { type: 'string', default: '20' },
        seed: { type: 'string' },
        topology: { type: 'string', default: 'single' },
        writers: { type: 'string', default: '300' },
        check: { type: 'string' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly whole?: boolean;
}

function numberOf(name: string, text: string, { min, max, whole = false }: Bounds): number {
  const value = Number(text);
  if (text.trim() === '' || Number.isNaN(value) || value < min || value > max || (whole && !Number.isInteger(value)))
    throw new UsageError(`${name} is a ${whole ? 'whole ' : ''}number from ${min} to ${max}`);
  return value;
}
