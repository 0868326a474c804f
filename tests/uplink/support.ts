import { afterAll, beforeAll, expect } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createIdGenerator, type Item } from '@konferenco/protocol';
import { TestClient, TestServer } from '@konferenco/testkit';
import { TcpProxy } from '@konferenco/testkit/faults';
import { ask } from '../cluster/support.ts';
import { until } from '../system/support/until.ts';

/** Bound of every wait: something is broken when it takes that long. */
export const PATIENCE_MS = 30_000;
const SECRET = 'the secret of venue and mirror, 32 and more'.replaceAll(' ', '-');

type Env = Readonly<Record<string, string>>;

/** The part of `/topology` that is looked at here. */
interface View {
  readonly nodes: readonly { readonly name: string }[];
  readonly parts: readonly { readonly name: string; readonly state: string; readonly detail: string }[];
}

/** A venue and its mirror as processes of their own, and the line between them. */
export class Uplink {
  readonly dir = mkdtempSync(join(tmpdir(), 'konferenco-uplink-'));
  readonly mirrorPort = freePort();
  readonly homePort = freePort();
  readonly #people: TestClient[] = [];
  #line: TcpProxy | null = null;
  #home: TestServer | null = null;
  #mirror: TestServer | null = null;

  static async start(): Promise<Uplink> {
    const uplink = new Uplink();
    uplink.#line = await TcpProxy.start({ target: uplink.mirrorPort });
    await Promise.all([uplink.startHome(), uplink.startMirror()]);
    await uplink.together();
    return uplink;
  }

  get line(): TcpProxy {
    return there(this.#line);
  }

  get home(): TestServer {
    return there(this.#home);
  }

  get mirror(): TestServer {
    return there(this.#mirror);
  }

  get homeDir(): string {
    return join(this.dir, 'home');
  }

  get mirrorDir(): string {
    return join(this.dir, 'mirror');
  }

  async startHome(env: Env = {}): Promise<void> {
    const url = `ws://127.0.0.1:${this.line.port}`;
    const own = { KONFERENCO_UPLINK_URL: url, KONFERENCO_UPLINK_SECRET: SECRET, KONFERENCO_NODE: 'home' };
    this.#home = await startDisk(this.homeDir, this.homePort, { ...own, ...env });
  }

  async startMirror(env: Env = {}): Promise<void> {
    const own = { KONFERENCO_MIRROR: 'yes', KONFERENCO_UPLINK_SECRET: SECRET, KONFERENCO_NODE: 'mirror' };
    this.#mirror = await startDisk(this.mirrorDir, this.mirrorPort, { ...own, ...env });
  }

  /** Cuts the line, and keeps it cut. Resolves when both sides have noticed. */
  async cut(): Promise<void> {
    this.line.refuse();
    this.line.cut();
    await this.sees(this.home, 'away');
    await this.sees(this.mirror, 'away');
  }

  async heal(): Promise<void> {
    this.line.heal();
    await this.together();
  }

  /** Resolves when both sides say that the uplink works, and the mirror has all that the venue has. */
  async together(): Promise<void> {
    await until(
      async () => {
        const parts = await Promise.all([this.part(this.home), this.part(this.mirror)]);
        return parts.every((part) => part?.state === 'working' && part.detail.startsWith('behind by 0'));
      },
      'venue and mirror are together',
      PATIENCE_MS,
    );
  }

  async sees(server: TestServer, state: 'working' | 'away'): Promise<void> {
    await until(async () => (await this.part(server))?.state === state, `the uplink shows as ${state}`, PATIENCE_MS);
  }

  async part(server: TestServer): Promise<View['parts'][number] | undefined> {
    return (await this.view(server))?.parts.find(({ name }) => name === 'uplink');
  }

  async view(server: TestServer): Promise<View | null> {
    const answer = await fetch(`${server.httpUrl}/topology`, { signal: AbortSignal.timeout(2_000) }).catch(() => null);
    return answer?.ok ? ((await answer.json()) as View) : null;
  }

  async person(userId: string, server: TestServer, ...channels: string[]): Promise<TestClient> {
    const person = await TestClient.connect(server.url, { userId });
    this.#people.push(person);
    for (const channel of channels) await person.subscribeToChannel(channel);
    return person;
  }

  /** All of a log as a side has it. */
  async readAll(server: TestServer, user: string, log: string): Promise<readonly Item[]> {
    const all: Item[] = [];
    for (let more = true; more; ) {
      const after = all.at(-1)?.offset ?? 0;
      const { status, body } = await ask(server.httpUrl, user, `GET /api/logs/${log}?after=${after}&limit=100`);
      if (status !== 200) throw new Error(`the history of ${log} was answered ${status}: ${body}`);
      const page = JSON.parse(body) as { readonly has_more: boolean; readonly items: readonly Item[] };
      all.push(...page.items);
      more = page.has_more;
    }
    return all;
  }

  async close(): Promise<void> {
    await Promise.race([Promise.all(this.#people.map((person) => person.disconnect())), Bun.sleep(1_000)]);
    await Promise.all([this.#home?.kill(), this.#mirror?.kill()]);
    this.#line?.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** One venue and one mirror for the tests of a file. */
export function useUplink(): () => Uplink {
  let uplink: Uplink | null = null;
  beforeAll(async () => {
    uplink = await Uplink.start();
  }, 240_000);
  afterAll(() => uplink?.close());
  return () => there(uplink);
}

/** Resolves when both sides show the same log, with these texts in this order, at offsets without a hole. */
export async function bothHave(uplink: Uplink, log: string, user: string, count: number): Promise<readonly string[]> {
  let home: readonly Item[] = [];
  let mirror: readonly Item[] = [];
  await until(
    async () => {
      home = await uplink.readAll(uplink.home, user, log);
      mirror = await uplink.readAll(uplink.mirror, user, log);
      return home.length === count && JSON.stringify(home) === JSON.stringify(mirror);
    },
    `both sides have the same ${count} entries of ${log}`,
    PATIENCE_MS,
  ).catch((error: Error) => {
    throw new Error(`${error.message}; there are ${home.length} and ${mirror.length}`);
  });
  expect(home.map(({ offset }) => offset)).toEqual(home.map((_, index) => index + 1));
  return home.map(({ envelope }) => String((envelope?.payload as { text?: string } | undefined)?.text ?? ''));
}

const newId = createIdGenerator({ now: () => Date.now(), random16: () => crypto.getRandomValues(new Uint8Array(16)) });

/** A message to a channel, with an id of its own. */
export function envelopeOf(user: string, channel: string, text: string): object {
  return {
    ...{ id: newId(), type: 'chat', subtype: 'channel_message', timestamp: Date.now() },
    ...{ from: { user_id: user }, to: { type: 'channel', id: channel }, payload: { text } },
  };
}

function startDisk(dir: string, port: number, env: Env): Promise<TestServer> {
  return TestServer.start({ storage: 'disk', dir, port, rateLimits: false, env });
}

export function freePort(): number {
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response() });
  const { port } = server;
  void server.stop(true);
  return port ?? 0;
}

function there<T>(value: T | null): T {
  if (value === null) throw new Error('not started');
  return value;
}
