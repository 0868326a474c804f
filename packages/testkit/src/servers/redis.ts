import { answers, type RunningProgram, runProgram, type WhereToRun } from './program.ts';

/** A redis-server that keeps nothing on disk: what is in Redis may be lost at any time, and the system must bear it. */
export function startRedis(where: WhereToRun = {}): Promise<RunningProgram> {
  return runProgram(
    {
      name: 'redis',
      command: ({ port, dir }) => [
        ...['redis-server', '--bind', '127.0.0.1', '--port', `${port}`],
        ...['--dir', dir, '--save', '', '--appendonly', 'no'],
      ],
      url: ({ port }) => `redis://127.0.0.1:${port}`,
      isReady: ({ port }) => answers(port, { say: 'PING\r\n', expect: '+PONG' }),
    },
    where,
  );
}
