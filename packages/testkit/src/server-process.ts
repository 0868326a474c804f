/** A running server as tests handle it, in this process or in one of its own. */
export interface RunningProcess {
  readonly port: number;
  /** `null`: it runs in this process. */
  readonly pid: number | null;
  readonly exited: Promise<number | null>;
  ownerInvite(): Promise<string>;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

export interface StartProcessOptions {
  /** Where its log lines go: a file descriptor, or by default this process's own standard error. */
  readonly stderr?: number | 'inherit';
  /** A start that takes longer is ended. */
  readonly within_ms?: number;
}

/**
 * Starts the real program with this environment and nothing else, and waits until it says where it listens.
 *
 * @throws {Error} when it ends before that, or is ended because it took too long.
 */
export async function startServerProcess(
  env: Readonly<Record<string, string>>,
  { stderr = 'inherit', within_ms }: StartProcessOptions = {},
): Promise<RunningProcess> {
  const main = Bun.resolveSync('@konferenco/server/main', import.meta.dir);
  const child = Bun.spawn([process.execPath, main], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdout: 'pipe',
    stderr,
  });
  const late = within_ms === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), within_ms);
  const output = new Output(child.stdout);
  const exited = child.exited.then(() => child.exitCode);
  const announced = await output.find(/listens on (\S+)/);
  clearTimeout(late);
  if (announced === null) throw new Error(`the server ended before it listened, with code ${await exited}`);
  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    child.kill(signal);
    await child.exited;
  };
  return {
    // Behind a proxy the program says the proxy's address, so such a server is given its port.
    port: Number(env['PORT']) || Number(new URL(announced).port),
    pid: child.pid,
    exited,
    async ownerInvite() {
      const code = await output.find(/\/join\/(\S+)/);
      if (code === null) throw new Error('the server ended without an invitation for an owner');
      return code;
    },
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  };
}

/** What a process has printed so far. Read to its end, so that the process never writes into a closed pipe. */
class Output {
  #text = '';
  #ended = false;
  #waiting: (() => void)[] = [];

  constructor(stream: ReadableStream<Uint8Array>) {
    void this.#readAll(stream);
  }

  /** The first group of the pattern, as soon as it was printed; `null` when the output ends without it. */
  async find(pattern: RegExp): Promise<string | null> {
    for (;;) {
      const found = pattern.exec(this.#text);
      if (found) return found[1] ?? '';
      if (this.#ended) return null;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  async #readAll(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) this.#grow(decoder.decode(chunk, { stream: true }));
    this.#ended = true;
    this.#grow('');
  }

  #grow(text: string): void {
    this.#text += text;
    for (const resume of this.#waiting.splice(0)) resume();
  }
}
