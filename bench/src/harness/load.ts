import { resolve } from 'node:path';
import type { Answer, Args, CommandName, Result } from '../load/commands.ts';
import { type Core, pinned } from './process.ts';
import { end } from './server.ts';

const MAIN = resolve(import.meta.dir, '../load/main.ts');

/** The load generator, in a process of its own on a core of its own. */
export interface Load {
  readonly pid: number;
  /** @throws {Error} when the command failed there. */
  ask<N extends CommandName>(name: N, args: Args<N>): Promise<Result<N>>;
  stop(): Promise<void>;
}

/** Starts it. It is killed when `signal` aborts, and every question then fails. */
export function startLoad(signal: AbortSignal, core: Core | null = 'load'): Load {
  const child = Bun.spawn(pinned(core, [process.execPath, MAIN]), {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'inherit',
    signal,
    killSignal: 'SIGKILL',
  });
  const answers = lines(child.stdout);
  return {
    pid: child.pid,
    async ask<N extends CommandName>(name: N, args: Args<N>): Promise<Result<N>> {
      child.stdin.write(`${JSON.stringify({ name, args })}\n`);
      await child.stdin.flush();
      const { value, done } = await answers.next();
      if (done) throw new Error(`the load process ended during ${name}`);
      const answer = JSON.parse(value) as Answer;
      if (!answer.ok) throw new Error(`${name}: ${answer.error}`);
      return answer.result as Result<N>;
    },
    stop: () => end(child),
  };
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = parts.pop() ?? '';
    yield* parts;
  }
  return undefined;
}
