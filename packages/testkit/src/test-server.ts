import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog, loadConfig, startServer } from '@konferenco/server';
import { type RunningProcess, startServerProcess } from './server-process.ts';

export interface TestServerOptions {
  /** `memory` (default) runs in this process and forgets; `disk` runs the real program as a process of its own. */
  readonly storage?: 'memory' | 'disk';
  /** Folder of a `disk` server; the same one again resumes the same data. A temporary one by default. */
  readonly dir?: string;
  /** Default true. */
  readonly rateLimits?: boolean;
  /** Runs without outside services; an embedded server needs none, so this changes nothing. */
  readonly mockExternal?: boolean;
  /** Port to listen on; a free one by default. */
  readonly port?: number;
  /** Further options by environment name, such as `KONFERENCO_DIGEST_RATE`. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface ServerMetrics {
  readonly activeConnections: number;
  readonly memoryUsageMB: number;
  /** Every sample of `/metrics` by name and, where it has any, labels as written there: `name{label="value"}`. */
  readonly samples: ReadonlyMap<string, number>;
}

/** A whole Konferenco server for tests, on a loopback port of its own. */
export class TestServer {
  /** Address for sockets: `ws://127.0.0.1:PORT/ws`. */
  readonly url: string;
  readonly httpUrl: string;
  readonly port: number;
  /** Folder of a `disk` server. */
  readonly dir: string | null;
  readonly #running: RunningProcess;
  /** A folder made for this server alone, removed at its end. */
  readonly #temporary: string | null;

  static async start(options: TestServerOptions = {}): Promise<TestServer> {
    const env: Record<string, string> = {
      KONFERENCO_LOG_LEVEL: 'error',
      KONFERENCO_RATE_LIMITS: options.rateLimits === false ? 'off' : 'on',
      KONFERENCO_STORAGE: options.storage ?? 'memory',
      ...options.env,
      PORT: String(options.port ?? 0),
    };
    if (options.storage !== 'disk') return new TestServer(await startHere(env), null, null);
    const temporary = options.dir === undefined ? mkdtempSync(join(tmpdir(), 'konferenco-test-')) : null;
    const dir = options.dir ?? temporary ?? '';
    return new TestServer(await startServerProcess({ ...env, KONFERENCO_DATA: dir }), dir, temporary);
  }

  private constructor(running: RunningProcess, dir: string | null, temporary: string | null) {
    this.#running = running;
    this.#temporary = temporary;
    this.port = running.port;
    this.dir = dir;
    this.httpUrl = `http://127.0.0.1:${running.port}`;
    this.url = `ws://127.0.0.1:${running.port}/ws`;
  }

  /** Process id of a `disk` server. */
  get pid(): number | null {
    return this.#running.pid;
  }

  /** Exit code of a `disk` server once it has ended; `null` after a signal ended it. Never settles for a `memory` server. */
  get exited(): Promise<number | null> {
    return this.#running.exited;
  }

  /**
   * Code with which the owner of a system without demo sign-in comes in.
   *
   * Rejects when the server ends without having printed one.
   */
  ownerInvite(): Promise<string> {
    return this.#running.ownerInvite();
  }

  async getMetrics(): Promise<ServerMetrics> {
    const text = await (await fetch(`${this.httpUrl}/metrics`)).text();
    const samples = new Map<string, number>();
    for (const [, name = '', value] of text.matchAll(/^(\w+(?:\{.*\})?) (\S+)$/gm)) samples.set(name, Number(value));
    return {
      activeConnections: samples.get('konferenco_connections') ?? 0,
      memoryUsageMB: (samples.get('konferenco_resident_bytes') ?? 0) / 1_048_576,
      samples,
    };
  }

  /**
   * Ends the server in good order. A `memory` server closes its clients at once; a `disk` server asks them to move, as
   * the program does, and ends when they have or its time for that is over: close them first where that matters.
   */
  async stop(): Promise<void> {
    await this.#running.stop();
    this.#forget();
  }

  /** Ends the process with SIGKILL, as a crash does. Only a `disk` server can be killed; its folder stays until `stop`. */
  kill(): Promise<void> {
    return this.#running.kill();
  }

  #forget(): void {
    if (this.#temporary !== null) rmSync(this.#temporary, { recursive: true, force: true });
  }
}

async function startHere(env: Readonly<Record<string, string>>): Promise<RunningProcess> {
  const config = loadConfig(env, []);
  const server = await startServer({ config, log: createLog(config.logLevel), seed: false });
  return {
    port: server.port,
    pid: null,
    exited: new Promise(() => undefined),
    async ownerInvite() {
      if (server.ownerInvite === null) throw new Error('this server has no invitation for an owner');
      return server.ownerInvite;
    },
    stop: () => server.stop({ drain_ms: 0 }),
    kill: async () => {
      throw new Error("a server with storage 'memory' lives in this process; start it with storage 'disk' to kill it");
    },
  };
}
