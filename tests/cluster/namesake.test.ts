import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningProgram, startNats, startPostgres } from '@konferenco/testkit/servers';
import { until } from '../system/support/until.ts';

const MAIN = Bun.resolveSync('@konferenco/server/main', import.meta.dir);
const START_MS = 60_000;
const PATIENCE_MS = 45_000;

let postgres: RunningProgram;
let nats: RunningProgram;
const dir = mkdtempSync(join(tmpdir(), 'konferenco-namesake-'));
const nodes: TestNode[] = [];

beforeAll(async () => {
  [postgres, nats] = await Promise.all([startPostgres(), startNats()]);
}, START_MS);
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.kill()));
  await Promise.all([postgres.stop(), nats.stop()]);
  rmSync(dir, { recursive: true, force: true });
}, START_MS);

/** The program as an operator runs it, always under the same name. */
class TestNode {
  readonly #child: Bun.Subprocess<'ignore', 'pipe', 'pipe'>;
  /** What it printed so far. */
  said = '';

  constructor() {
    this.#child = Bun.spawn([process.execPath, MAIN], {
      env: {
        ...{ PATH: process.env['PATH'] ?? '', PORT: '0', KONFERENCO_DATA: dir, KONFERENCO_LOG_LEVEL: 'silent' },
        ...{ KONFERENCO_NODE: 'node-1', KONFERENCO_POSTGRES_URL: postgres.url, KONFERENCO_NATS_URL: nats.url },
      },
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) void this.#read(stream);
    nodes.push(this);
  }

  /** Where it listens, once it does. */
  async listens(): Promise<string> {
    const url = () => /listens on (\S+)/.exec(this.said)?.[1];
    await until(() => url() !== undefined || this.#child.exitCode !== null, 'it listens or ends', PATIENCE_MS);
    return url() ?? `nowhere: ${this.said}`;
  }

  ends(): Promise<number> {
    return this.#child.exited;
  }

  get runs(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(name);
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#child.exited;
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) this.said += decoder.decode(chunk, { stream: true });
  }
}

// proves CN-23
test(
  'a second node of a name does not start and says why; after kill -9 the name is free at once',
  async () => {
    const first = new TestNode();
    expect(await first.listens()).toStartWith('http://');
    const second = new TestNode();
    expect(await second.ends()).toBe(1);
    expect(second.said).toMatch(
      /^Konferenco cannot start:\nAnother node of this cluster is called 'node-1', and it is alive: set KONFERENCO_NODE to .*\n$/,
    );
    expect(first.runs).toBe(true);
    await first.kill();
    expect(await new TestNode().listens()).toStartWith('http://');
    await nodes.at(-1)?.kill();
  },
  START_MS,
);

// proves CN-24
test(
  'a node that came while its namesake was paused ends as soon as that one wakes, and the woken one goes on',
  async () => {
    const first = new TestNode();
    const url = await first.listens();
    first.signal('SIGSTOP');
    const second = new TestNode();
    expect(await second.listens()).toStartWith('http://');
    first.signal('SIGCONT');
    expect(await second.ends()).toBe(1);
    expect(second.said).toContain("Konferenco ends:\nAnother node of this cluster is called 'node-1'");
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    expect(first.runs).toBe(true);
  },
  START_MS,
);
