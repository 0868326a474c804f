import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig, startServer, createLog, type RunningServer } from '@konferenco/server';

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
  /** Every sample of `/metrics` without labels, by name. */
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
  readonly #running: Running;

  static async start(options: TestServerOptions = {}): Promise<TestServer> {
    const env: Record<string, string> = {
      KONFERENCO_LOG_LEVEL: 'error',
      KONFERENCO_RATE_LIMITS: options.rateLimits === false ? 'off' : 'on',
      KONFERENCO_STORAGE: options.storage ?? 'memory',
      ...options.env,
      PORT: String(options.port ?? 0),
    };
    if (options.storage !== 'disk') return new TestServer(await startHere(env), null);
    const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'konferenco-test-'));
    const running = await startProcess({ ...env, KONFERENCO_DATA: dir }, options.dir === undefined ? dir : null);
    return new TestServer(running, dir);
  }

  private constructor(running: Running, dir: string | null) {
    this.#running = running;
    this.port = running.port;
    this.dir = dir;
    this.httpUrl = `http://127.0.0.1:${running.port}`;
    this.url = `ws://127.0.0.1:${running.port}/ws`;
  }

  /** Process id of a `disk` server. */
  get pid(): number | null {
    return this.#running.pid;
  }

  async getMetrics(): Promise<ServerMetrics> {
    const text = await (await fetch(`${this.httpUrl}/metrics`)).text();
    const samples = new Map<string, number>();
    for (const [, name = '', value] of text.matchAll(/^(\w+) (\S+)$/gm)) samples.set(name, Number(value));
    return {
      activeConnections: samples.get('konferenco_connections') ?? 0,
      memoryUsageMB: (samples.get('konferenco_resident_bytes') ?? 0) / 1_048_576,
      samples,
    };
  }

  /** Ends the server in good order; clients are closed without waiting for them to move. */
  stop(): Promise<void> {
    return this.#running.stop();
  }

  /** Ends the process with SIGKILL, as a crash does. Only a `disk` server can be killed. */
  kill(): Promise<void> {
    return this.#running.kill();
  }
}

interface Running {
  readonly port: number;
  readonly pid: number | null;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

async function startHere(env: Readonly<Record<string, string>>): Promise<Running> {
  const config = loadConfig(env, []);
  const server: RunningServer = await startServer({ config, log: createLog(config.logLevel), seed: false });
  return {
    port: server.port,
    pid: null,
    stop: () => server.stop({ drain_ms: 0 }),
    kill: async () => {
      throw new Error("a server with storage 'memory' lives in this process; start it with storage 'disk' to kill it");
    },
  };
}

/** Starts the real program and waits until it says where it listens. */
async function startProcess(env: Readonly<Record<string, string>>, temporary: string | null): Promise<Running> {
  const main = Bun.resolveSync('@konferenco/server/main', import.meta.dir);
  const child = Bun.spawn([process.execPath, main], { env: { PATH: process.env['PATH'] ?? '', ...env }, stdout: 'pipe', stderr: 'inherit' });
  const port = await listeningPort(child.stdout);
  if (port === null) throw new Error(`the server ended before it listened, with code ${await child.exited}`);
  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    child.kill(signal);
    await child.exited;
    if (temporary && signal === 'SIGTERM') rmSync(temporary, { recursive: true, force: true });
  };
  return { port, pid: child.pid, stop: () => end('SIGTERM'), kill: () => end('SIGKILL') };
}

async function listeningPort(stdout: ReadableStream<Uint8Array>): Promise<number | null> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of stdout) {
    text += decoder.decode(chunk, { stream: true });
    const found = /listens on \S+:(\d+)/.exec(text);
    if (found) return Number(found[1]);
  }
  return null;
}
