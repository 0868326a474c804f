import { answers, type RunningProgram, runProgram } from './program.ts';

/** A nats-server with JetStream. `options`: further arguments, such as those of a cluster. */
export function startNats({ options = [] }: { readonly options?: readonly string[] } = {}): Promise<RunningProgram> {
  return runProgram({
    name: 'nats',
    command: ({ port, dir }) => ['nats-server', '-a', '127.0.0.1', '-p', `${port}`, '-js', '-sd', dir, ...options],
    url: ({ port }) => `nats://127.0.0.1:${port}`,
    isReady: ({ port }) => answers(port, { expect: 'INFO ' }),
  });
}
