import { openSync, closeSync } from 'node:fs';
import { type RunningProcess, startServerProcess } from '../server-process.ts';
import type { TopologyNode } from './topology.ts';

export interface ServerNodeOptions {
  readonly name: string;
  readonly url: string;
  /** Environment of the program, its port included. */
  readonly env: Readonly<Record<string, string>>;
  /** Where its log lines go. */
  readonly logFile: string;
}

/** How long a start may take, and how long it is tried again: what it depends on may be down just then. */
const START_MS = 20_000;
const KEEP_TRYING_MS = 120_000;
const TRY_AGAIN_MS = 250;

/** The real program in a process of its own. */
export class ServerNode implements TopologyNode {
  readonly name: string;
  readonly url: string;
  readonly crashes: string[] = [];
  readonly #options: ServerNodeOptions;
  #running: RunningProcess | null = null;

  constructor(options: ServerNodeOptions) {
    this.name = options.name;
    this.url = options.url;
    this.#options = options;
  }

  /**
   * @param once Options of this start alone, by environment name.
   * @throws {Error} when it does not serve within two minutes, with why the last try failed.
   */
  async restart(once: Readonly<Record<string, string>> = {}): Promise<void> {
    const deadline = Date.now() + KEEP_TRYING_MS;
    for (;;) {
      try {
        return await this.start(once);
      } catch (error) {
        if (Date.now() > deadline) throw error;
        await Bun.sleep(TRY_AGAIN_MS);
      }
    }
  }

  async kill(): Promise<void> {
    const running = this.#running;
    this.#running = null;
    await running?.kill();
  }

  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = null;
    await running?.stop();
  }

  pause(): void {
    this.#signal('SIGSTOP');
  }

  resume(): void {
    this.#signal('SIGCONT');
  }

  #signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    const pid = this.#running?.pid;
    if (typeof pid === 'number') process.kill(pid, signal);
  }

  /** The first start, tried once. @throws {Error} naming the file that says why it failed. */
  async start(once: Readonly<Record<string, string>> = {}): Promise<void> {
    const { name, logFile } = this.#options;
    const env = { ...this.#options.env, ...once };
    const log = openSync(logFile, 'a');
    try {
      const running = await startServerProcess(env, { within_ms: START_MS, stderr: log });
      this.#running = running;
      void running.exited.then((code) => this.#ended(running, code));
    } catch (error) {
      throw new Error(`${name} does not start; ${logFile} says why`, { cause: error });
    } finally {
      closeSync(log);
    }
  }

  #ended(running: RunningProcess, code: number | null): void {
    if (this.#running !== running) return;
    this.#running = null;
    this.crashes.push(`${this.name} ended by itself with ${code === null ? 'a signal' : `code ${code}`}`);
    this.restart().catch((error: unknown) => this.crashes.push(`${this.name} did not start again: ${error}`));
  }
}
