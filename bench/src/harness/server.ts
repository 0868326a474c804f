import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Subprocess } from 'bun';
import type { Address } from '../load/connection.ts';
import type { WireName } from '../load/wire.ts';
import { type Core, pinned } from './process.ts';

const ROOT = resolve(import.meta.dir, '../../..');
const HOST = '127.0.0.1';
const START_MS = 20_000;

/** A server under test, each run in a fresh process. */
export interface Subject {
  readonly name: string;
  readonly wire: WireName;
  /** The command, from the repository's root, and its environment; `dir` is empty and disappears afterwards. */
  launch(
    dir: string,
    port: number,
  ): { readonly command: readonly string[]; readonly env: Readonly<Record<string, string>> };
}

export interface Running {
  readonly pid: number;
  readonly address: Address;
  /** Milliseconds from the spawn to the line that says it listens. */
  readonly announced_ms: number;
  stop(): Promise<void>;
}

const bun = process.execPath;
const unlimited = {
  KONFERENCO_RATE_LIMITS: 'off',
  KONFERENCO_CONNECT_RATE: '1000000',
  KONFERENCO_CONNECT_BURST: '1000000',
  KONFERENCO_MAX_CONNECTIONS: '19900',
};

/** Ours; the digest is off unless a scenario is about it, so that every delivery is made. */
export function konferenco(
  options: { name?: string; wire?: WireName; digest?: boolean; env?: Record<string, string> } = {},
): Subject {
  return {
    name: options.name ?? 'konferenco',
    wire: options.wire ?? 'konferenco',
    launch: (dir, port) => ({
      command: [bun, 'packages/server/src/main.ts'],
      env: {
        PORT: String(port),
        KONFERENCO_DATA: dir,
        ...unlimited,
        ...(options.digest ? {} : { KONFERENCO_DIGEST_RATE: '1000000' }),
        ...options.env,
      },
    }),
  };
}

export const bareBun: Subject = peer('bare Bun', 'raw', [bun, 'bench/src/peers/bare-bun.ts']);
export const wsPackage: Subject = peer('ws', 'raw', ['node', 'bench/src/peers/ws.mjs']);
export const socketIo: Subject = peer('Socket.IO', 'socket.io', ['node', 'bench/src/peers/socket-io.mjs']);
export const socketIoRecovery: Subject = peer('Socket.IO', 'socket.io', ['node', 'bench/src/peers/socket-io.mjs'], {
  RECOVERY: 'on',
});

function peer(name: string, wire: WireName, command: readonly string[], env: Record<string, string> = {}): Subject {
  return { name, wire, launch: () => ({ command, env }) };
}

/**
 * Starts a subject on the server's core, or another, and waits for its line `… PORT`. It is killed when `signal` aborts.
 *
 * @throws {Error} with its output when it ends or takes 20 s.
 */
export async function startServer(
  subject: Subject,
  signal: AbortSignal,
  core: Core | null = 'server',
): Promise<Running> {
  const dir = mkdtempSync(join(tmpdir(), 'konferenco-load-'));
  const { command, env } = subject.launch(dir, freePort());
  const start = performance.now();
  const child = Bun.spawn(pinned(core, command), {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdout: 'pipe',
    stderr: 'pipe',
    signal,
    killSignal: 'SIGKILL',
  });
  const stop = async () => {
    await end(child);
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    const port = await announcedPort(child, new Response(child.stderr).text());
    return { pid: child.pid, address: { host: HOST, port }, announced_ms: performance.now() - start, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A port nothing listens on at this moment. */
export function freePort(): number {
  const probe = Bun.listen({ hostname: HOST, port: 0, socket: { data: () => {} } });
  const { port } = probe;
  probe.stop(true);
  return port;
}

async function announcedPort(child: Subprocess<'ignore', 'pipe', 'pipe'>, errors: Promise<string>): Promise<number> {
  const timer = setTimeout(() => child.kill('SIGKILL'), START_MS);
  const decoder = new TextDecoder();
  const output = child.stdout.getReader();
  let text = '';
  for (let part = await output.read(); !part.done; part = await output.read()) {
    text += decoder.decode(part.value, { stream: true });
    const port = /(?:listens on http:\/\/[^\s:]+:|listening on )(\d+)\b.*\n/.exec(text)?.[1];
    if (port === undefined) continue;
    clearTimeout(timer);
    void drain(output);
    return Number(port);
  }
  clearTimeout(timer);
  throw new Error(`a server ended before it listened:\n${text}${await errors}`);
}

/** Reads on to the end, so that a talkative server never waits for room in the pipe. */
async function drain(output: { read(): Promise<{ done: boolean }> }): Promise<void> {
  while (!(await output.read()).done);
}

const FAREWELL_MS = 5_000;

/** Asks a process that this one started to end, and makes it when it doesn't. */
export async function end(child: Subprocess): Promise<void> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), FAREWELL_MS);
  await child.exited;
  clearTimeout(timer);
}
