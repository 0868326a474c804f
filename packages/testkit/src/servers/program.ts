import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A real server that we run, on loopback, with a folder of its own. */
export interface RunningProgram {
  readonly port: number;
  /** Address as its clients take it. */
  readonly url: string;
  readonly pid: number;
  /** False after `kill` and `stop`, and when it ended by itself. */
  readonly isRunning: boolean;
  /** SIGKILL: nothing is finished or flushed. */
  kill(): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /** Starts it again on the same port and folder, after `kill`; also when it ended by itself before. */
  restart(): Promise<void>;
  /** Ends it and removes its folder, unless it was given one. */
  stop(): Promise<void>;
}

export interface Program {
  readonly name: string;
  /** Arguments of one start; the first is the command. */
  readonly command: (place: Place) => readonly string[];
  readonly url: (place: Place) => string;
  /** Resolves when clients are served; rejects or resolves to false until then. */
  readonly isReady: (place: Place) => Promise<boolean>;
  /** Fills the folder before the first start. */
  readonly prepare?: (place: Place) => Promise<void>;
}

export interface Place {
  readonly port: number;
  readonly dir: string;
}

/** Where a server runs; by default on a free port, in a new folder that goes with it. */
export interface WhereToRun {
  readonly port?: number;
  /** A folder that is kept, made when it is not there. */
  readonly dir?: string;
  /** Out of reach of the terminal's Ctrl-C, for whoever ends several programs in an order of their own. */
  readonly detached?: boolean;
}

const READY_MS = 30_000;
const ASK_AGAIN_MS = 25;
/** How long the end of a server may take before it is killed. */
const END_MS = 10_000;

/** @throws {Error} with what the program printed, when it does not serve within 30 s. */
export async function runProgram(program: Program, where: WhereToRun = {}): Promise<RunningProgram> {
  const { port, dir } = where;
  if (dir !== undefined) await mkdir(dir, { recursive: true });
  const place = {
    port: port ?? (await freePort()),
    dir: dir ?? (await mkdtemp(join(tmpdir(), `konferenco-${program.name}-`))),
  };
  await program.prepare?.(place);
  const handle = new ProgramHandle(program, place, where);
  try {
    await handle.restart();
  } catch (error) {
    await handle.stop();
    throw error;
  }
  return handle;
}

class ProgramHandle implements RunningProgram {
  readonly port: number;
  readonly url: string;
  readonly #program: Program;
  readonly #place: Place;
  readonly #where: WhereToRun;
  #child: Bun.Subprocess<'ignore', 'pipe', 'pipe'> | null = null;

  constructor(program: Program, place: Place, where: WhereToRun) {
    this.#program = program;
    this.#place = place;
    this.#where = where;
    this.port = place.port;
    this.url = program.url(place);
  }

  get pid(): number {
    if (!this.#child) throw new Error(`${this.#program.name} does not run`);
    return this.#child.pid;
  }

  get isRunning(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async restart(): Promise<void> {
    if (this.isRunning) throw new Error(`${this.#program.name} runs already`);
    const { name, command } = this.#program;
    const deadline = Date.now() + READY_MS;
    for (;;) {
      const { detached = false } = this.#where;
      const child = Bun.spawn([...command(this.#place)], { stdin: 'ignore', stdout: 'pipe', stderr: 'pipe', detached });
      this.#child = child;
      const printed = Promise.all([lastWords(child.stdout), lastWords(child.stderr)]);
      if (await this.#servesBefore(child, deadline)) return;
      child.kill('SIGKILL');
      this.#child = null;
      // What a killed predecessor still holds (a port, shared memory) is free a moment later.
      if (Date.now() >= deadline) throw new Error(`${name} does not start:\n${(await printed).join('\n')}`);
      await Bun.sleep(ASK_AGAIN_MS * 4);
    }
  }

  async #servesBefore(child: Bun.Subprocess, deadline: number): Promise<boolean> {
    while (Date.now() < deadline && child.exitCode === null && child.signalCode === null) {
      if (await this.#program.isReady(this.#place).catch(() => false)) return true;
      await Bun.sleep(ASK_AGAIN_MS);
    }
    return false;
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    child?.kill('SIGKILL');
    await child?.exited;
  }

  pause(): void {
    process.kill(this.pid, 'SIGSTOP');
  }

  resume(): void {
    process.kill(this.pid, 'SIGCONT');
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child) {
      child.kill('SIGCONT');
      child.kill('SIGTERM');
      await Promise.race([child.exited, Bun.sleep(END_MS)]);
      child.kill('SIGKILL');
      await child.exited;
    }
    if (this.#where.dir === undefined) await rm(this.#place.dir, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Reads to the end, so that the program never waits for its reader, and keeps what was printed last. */
async function lastWords(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of stream) text = (text + decoder.decode(chunk, { stream: true })).slice(-4_000);
  return text;
}

/** A port nobody listens on at this moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** Whether a TCP connection to the port is accepted and, given `say`, its first answer begins with `expect`. */
export function answers(port: number, { say = '', expect = '' } = {}): Promise<boolean> {
  return new Promise((resolve) => {
    let heard = '';
    const end = (result: boolean) => {
      resolve(result);
      socket?.end();
    };
    let socket: Bun.Socket | null = null;
    const timer = setTimeout(() => end(false), 1_000);
    Bun.connect({
      hostname: '127.0.0.1',
      port,
      socket: {
        open(opened) {
          socket = opened;
          if (say !== '') opened.write(say);
          else if (expect === '') end(true);
        },
        data(_, bytes) {
          heard += new TextDecoder().decode(bytes);
          if (heard.length >= expect.length) end(heard.startsWith(expect));
        },
        error: () => end(false),
        close: () => end(false),
      },
    })
      .catch(() => end(false))
      .finally(() => clearTimeout(timer));
  });
}
