import { answers, type RunningProgram, runProgram, type WhereToRun } from './program.ts';

export interface NatsOptions extends WhereToRun {
  /** Further arguments, such as those of a cluster. */
  readonly options?: readonly string[];
}

/** A nats-server with JetStream. */
export function startNats({ options = [], ...where }: NatsOptions = {}): Promise<RunningProgram> {
  return runProgram(
    {
      name: 'nats',
      command: ({ port, dir }) => ['nats-server', '-a', '127.0.0.1', '-p', `${port}`, '-js', '-sd', dir, ...options],
      url: ({ port }) => `nats://127.0.0.1:${port}`,
      isReady: ({ port }) => answers(port, { expect: 'INFO ' }),
    },
    where,
  );
}
