import { afterAll, beforeAll } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SQL } from 'bun';
import { createIdGenerator } from '@konferenco/protocol';
import { TestClient } from '@konferenco/testkit';
import {
  clusterTopology,
  type TcpProxy,
  type Topology,
  type TopologyNode,
  type TopologyOptions,
  type TopologyService,
} from '@konferenco/testkit/faults';
import { until } from '../system/support/until.ts';

/** Longer than the start of everything takes on a busy machine. */
const START_MS = 60_000;
/** Bound of every wait: something is broken when it takes that long. */
export const PATIENCE_MS = 45_000;

/** A cluster of three on real servers, for the tests of one file, and what they ask it. */
export class TestCluster {
  readonly topology: Topology;
  readonly dir: string;
  readonly #people: TestClient[] = [];

  constructor(topology: Topology, dir: string) {
    this.topology = topology;
    this.dir = dir;
  }

  /** @param number From 1. */
  node(number: number): TopologyNode {
    const node = this.topology.nodes[number - 1];
    if (!node) throw new RangeError(`there is no node ${number}`);
    return node;
  }

  service(name: TopologyService['name']): TopologyService {
    const service = this.topology.services.find((one) => one.name === name);
    if (!service) throw new RangeError(`there is no ${name}`);
    return service;
  }

  /** The link of a node to a service, or of clients to it. */
  link(number: number, to: TopologyService['name'] | 'clients'): TcpProxy {
    const { name } = this.node(number);
    const wanted = to === 'clients' ? `clients → ${name}` : `${name} → ${to}`;
    const link = this.topology.links.find((one) => one.name === wanted);
    if (!link) throw new RangeError(`there is no link ${wanted}`);
    return link.proxy;
  }

  /** Somebody on this very node, who hears `channels`. */
  async person(userId: string, number: number, ...channels: string[]): Promise<TestClient> {
    const person = await TestClient.connect(this.node(number).url, { userId });
    this.#people.push(person);
    for (const channel of channels) await person.subscribeToChannel(channel);
    return person;
  }

  /** What an operator sees at a node; `null` while it does not answer. */
  async view(number: number): Promise<View | null> {
    const answer = await fetch(`${this.node(number).url}/topology`, { signal: AbortSignal.timeout(2_000) }).catch(
      () => null,
    );
    return answer?.ok ? ((await answer.json()) as View) : null;
  }

  /** Resolves when all these nodes report the part as working, or as away. */
  async sees(
    part: TopologyService['name'],
    state: 'working' | 'away',
    numbers: readonly number[] = [1, 2, 3],
  ): Promise<void> {
    await until(
      async () => {
        const views = await Promise.all(numbers.map((number) => this.view(number)));
        return views.every((view) => view?.parts.find(({ name }) => name === part)?.state === state);
      },
      `nodes ${numbers.join(', ')} show ${part} as ${state}`,
      PATIENCE_MS,
    );
  }

  /** Asks the database itself. */
  async sql<Row>(text: string, url = this.service('postgres').url): Promise<readonly Row[]> {
    const sql = new SQL(url);
    try {
      return (await sql.unsafe(text)) as Row[];
    } finally {
      await sql.close();
    }
  }

  /** Resolves when the stream of chats holds every stored one, and no more than that. */
  async streamsAreWhole(numbers: readonly number[] = [1, 2, 3]): Promise<void> {
    const found = { stored: 0, streamed: 0 };
    const isWhole = async () => {
      const chats = "SELECT count(*)::int AS n FROM konferenco.entries WHERE body::json->>'type' IN ('chat', 'alert')";
      const views = await Promise.all(numbers.map((number) => this.view(number)));
      const reports = views.flatMap((view) => view?.streams?.reports ?? []);
      found.streamed = reports.find(({ name }) => name === 'CHAT')?.messages ?? -1;
      found.stored = (await this.sql<{ n: number }>(chats))[0]?.n ?? 0;
      return found.stored === found.streamed;
    };
    await until(isWhole, 'the streams hold all of it once', PATIENCE_MS).catch((error) => {
      throw new Error(`${error.message}: ${JSON.stringify(found)}`);
    });
  }

  /** A sample of `/metrics`; 0 when there is none. */
  async metric(number: number, sample: string): Promise<number> {
    const text = await (await fetch(`${this.node(number).url}/metrics`)).text();
    const line = text.split('\n').find((one) => one.startsWith(`${sample} `));
    return Number(line?.slice(sample.length + 1) ?? 0);
  }

  /** What a node has written to its log so far. */
  log(number: number): string {
    return readFileSync(join(this.dir, `${this.node(number).name}.log`), 'utf8');
  }

  async close(): Promise<void> {
    // Whoever cannot reach a server any more has nothing to wait for.
    await Promise.race([Promise.all(this.#people.map((person) => person.disconnect())), Bun.sleep(1_000)]);
    await this.topology.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** The part of `/topology` that is looked at here. */
export interface View {
  readonly nodes: readonly { readonly name: string; readonly standing: string; readonly connections: number }[];
  readonly parts: readonly { readonly name: string; readonly state: 'working' | 'away' }[];
  readonly streams: {
    readonly reports: readonly { readonly name: string; readonly messages: number }[];
    readonly lag_ms: number | null;
  } | null;
  readonly events: readonly { readonly kind: string; readonly node: string }[];
}

/** One cluster for the tests of a file. @param env Options of every node. */
export function useCluster(
  env: () => Promise<Readonly<Record<string, string>>> = async () => ({}),
  options: Pick<TopologyOptions, 'small_disks'> = {},
): () => TestCluster {
  let cluster: TestCluster | null = null;
  beforeAll(async () => {
    const dir = mkdtempSync(join(tmpdir(), 'konferenco-cluster-'));
    cluster = new TestCluster(await clusterTopology({ dir, seed: 1, env: await env(), ...options }), dir);
    await until(
      async () => (await cluster?.view(1))?.nodes.filter(({ standing }) => standing === 'open').length === 3,
      'the nodes know each other',
      PATIENCE_MS,
    );
  }, START_MS);
  afterAll(() => cluster?.close(), START_MS);
  return () => {
    if (!cluster) throw new Error('the cluster has not started');
    return cluster;
  };
}

/** Texts that somebody sees in a channel, from top to bottom. */
export function texts(person: TestClient, channel: string, pattern = /./): string[] {
  return person.sdk
    .channel(channel)
    .state()
    .timeline.flatMap((entry) => (entry.kind === 'message' && pattern.test(entry.text) ? [entry.text] : []));
}

/** Resolves when everybody sees exactly these texts, in this order. */
export async function allSee(
  people: readonly TestClient[],
  channel: string,
  expected: readonly string[],
  pattern = /./,
): Promise<void> {
  const seen = () => people.map((person) => texts(person, channel, pattern).join());
  const wanted = expected.join();
  await until(() => seen().every((one) => one === wanted), `everybody sees ${wanted}`, PATIENCE_MS).catch((error) => {
    throw new Error(`${error.message}; seen: ${JSON.stringify(seen())}`);
  });
}

export interface Answered {
  readonly status: number;
  /** Name of the refusal; empty when there was none. */
  readonly error: string;
  readonly body: string;
}

/** Asks a node over REST as somebody; a demo system takes a name for a token. */
export async function ask(url: string, user: string, request: string, body?: unknown): Promise<Answered> {
  const [method = 'GET', path = '/'] = request.split(' ');
  const answer = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${user}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, error: /"error":"(\w+)"/.exec(text)?.[1] ?? '', body: text };
}

const newId = createIdGenerator({ now: () => Date.now(), random16: () => crypto.getRandomValues(new Uint8Array(16)) });

/** Publishes to a channel through a node, once and with no outbox behind it. */
export function publish(url: string, user: string, channel: string, text: string): Promise<Answered> {
  const envelope = {
    ...{ id: newId(), type: 'chat', subtype: 'channel_message', timestamp: Date.now() },
    ...{ from: { user_id: user }, to: { type: 'channel', id: channel }, payload: { text } },
  };
  // Since the beginning of time: nothing counts as written before the connection.
  return ask(url, user, 'POST /api/frames', { since: 1, frames: [{ type: 'publish', ref: 1, envelope }] });
}

/** A whole log as somebody may read it, texts alone. */
export async function history(url: string, user: string, log: string): Promise<{ offset: number; text: string }[]> {
  const all: { offset: number; text: string }[] = [];
  for (let more = true; more; ) {
    const after = all.at(-1)?.offset ?? 0;
    const { status, body } = await ask(url, user, `GET /api/logs/${log}?after=${after}&limit=100`);
    if (status !== 200) throw new Error(`the history of ${log} was answered ${status}: ${body}`);
    const page = JSON.parse(body) as {
      readonly has_more: boolean;
      readonly items: readonly {
        readonly offset: number;
        readonly envelope?: { readonly payload: { readonly text?: string } };
      }[];
    };
    all.push(...page.items.map(({ offset, envelope }) => ({ offset, text: envelope?.payload.text ?? '' })));
    more = page.has_more;
  }
  return all;
}
