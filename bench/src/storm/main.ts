/**
 * `bun bench/src/storm/main.ts <people on the node that dies> <people beside it>`: kills one node of three with SIGKILL and prints a
 * {@link StormFigures} as JSON. Real PostgreSQL, NATS and Redis; everything on this machine shares its cores.
 */

import { Crowd, type CrowdFigures, TestClient, TestServer } from '@konferenco/testkit';
import { freePort, type RunningProgram, startNats, startPostgres, startRedis } from '@konferenco/testkit/servers';

const LOADERS = 2;
const CHANNEL = 'hall';
/** Said while everybody comes back, one a pause. */
const SAID = 100;
const SAY_EVERY_MS = 100;
const GIVE_UP_MS = 180_000;
const LISTENERS = 10;

/** What became of everybody. Times are milliseconds from the kill. */
export interface StormFigures {
  /** Until this share of all people was connected. */
  readonly back_50: number;
  readonly back_90: number;
  readonly back_99: number;
  readonly back_100: number;
  /** Tries to connect that failed, and those that were told to come later. */
  readonly failed: number;
  readonly told: number;
  /** Of what was said meanwhile, what a client of the SDK did not show at the end. */
  readonly missing: number;
}

interface Orders {
  readonly bases: readonly string[];
  readonly doomed: string;
  readonly prefix: string;
  readonly onDoomed: number;
  readonly beside: number;
}

/** A process that holds part of the crowd; says its figures twice a second, one JSON line each. */
async function load({ bases, doomed, prefix, onDoomed, beside }: Orders): Promise<void> {
  const common = { bases, channel: CHANNEL };
  const crowds = [
    new Crowd({ ...common, first: { node: 'three', url: doomed }, size: onDoomed, prefix: `${prefix}-a` }),
    new Crowd({ ...common, size: beside, prefix: `${prefix}-b` }),
  ];
  const say = () => console.log(JSON.stringify(sumOf(crowds.map((crowd) => crowd.figures()))));
  for (const crowd of crowds) await crowd.arrive();
  setInterval(say, 250);
}

function sumOf(all: readonly CrowdFigures[]): CrowdFigures {
  const sum = (key: keyof CrowdFigures) => all.reduce((total, one) => total + one[key], 0);
  const heard = Math.min(...all.map((one) => one.heard));
  return { online: sum('online'), lost: sum('lost'), told: sum('told'), failed: sum('failed'), heard };
}

class Loader {
  latest: CrowdFigures | null = null;
  readonly #child: Bun.Subprocess<'ignore', 'pipe', 'inherit'>;

  constructor(orders: Orders) {
    const command = [process.execPath, import.meta.path, 'load', JSON.stringify(orders)];
    // More requests than these wait inside the load process, where no server answers them.
    const env = { ...process.env, BUN_CONFIG_MAX_HTTP_REQUESTS: '20000' };
    this.#child = Bun.spawn(command, { env, stdin: 'ignore', stdout: 'pipe', stderr: 'inherit' });
    void this.#read();
  }

  async #read(): Promise<void> {
    let rest = '';
    const decoder = new TextDecoder();
    for await (const chunk of this.#child.stdout) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      const last = lines.at(-1);
      if (last) this.latest = JSON.parse(last) as CrowdFigures;
    }
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }
}

async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + GIVE_UP_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not within ${GIVE_UP_MS} ms: ${what}`);
    await Bun.sleep(50);
  }
}

interface Services {
  readonly postgres: RunningProgram;
  readonly nats: RunningProgram;
  readonly redis: RunningProgram;
}

async function startNode(name: string, { postgres, nats, redis }: Services): Promise<TestServer> {
  const port = await freePort();
  const env = {
    ...{ KONFERENCO_LOG_LEVEL: 'silent', KONFERENCO_MAX_CONNECTIONS: '19800', KONFERENCO_NODE: name },
    KONFERENCO_NODE_URL: `http://127.0.0.1:${port}`,
    KONFERENCO_POSTGRES_URL: postgres.url,
    KONFERENCO_NATS_URL: nats.url,
    KONFERENCO_REDIS_URL: redis.url,
  };
  return TestServer.start({ storage: 'disk', rateLimits: false, port, env });
}

/** People in several processes: one holds no more than 20,000 descriptors. */
function startLoaders(nodes: readonly TestServer[], onDoomed: number, beside: number): Loader[] {
  const [one = '', two = '', doomed = ''] = nodes.map(({ httpUrl }) => httpUrl);
  const share = (count: number, index: number) =>
    Math.floor((count * (index + 1)) / LOADERS) - Math.floor((count * index) / LOADERS);
  return Array.from({ length: LOADERS }, (_, index) => {
    const sizes = { onDoomed: share(onDoomed, index), beside: share(beside, index) };
    return new Loader({ bases: [one, two], doomed, ...sizes, prefix: `p${index}` });
  });
}

async function joinListeners(nodes: readonly TestServer[]): Promise<TestClient[]> {
  const [one = '', two = ''] = nodes.map(({ httpUrl }) => httpUrl);
  const listeners = await Promise.all(
    Array.from({ length: LISTENERS }, (_, n) => TestClient.connect(n % 2 ? one : two, { userId: `listener-${n}` })),
  );
  for (const listener of listeners) await listener.subscribeToChannel(CHANNEL);
  return listeners;
}

async function speak(speaker: TestClient | undefined): Promise<void> {
  for (let n = 1; n <= SAID; n++) {
    await speaker?.sendChannelMessage(CHANNEL, { text: `said ${n}` });
    await Bun.sleep(SAY_EVERY_MS);
  }
}

const SHARES = [50, 90, 99, 100] as const;

interface Wanted {
  readonly begun: number;
  /** As things stood before the kill. */
  readonly before: CrowdFigures;
  readonly total: number;
  readonly onDoomed: number;
}

/** Milliseconds from `begun` until these shares of `total` people are connected, `onDoomed` of them anew. */
async function comeback(
  figures: () => CrowdFigures,
  { begun, before, total, onDoomed }: Wanted,
): Promise<ReadonlyMap<number, number>> {
  const reached = new Map<number, number>();
  await until(() => {
    const { online, lost } = figures();
    for (const share of SHARES) {
      const isReached = lost - before.lost >= onDoomed && online >= (total * share) / 100;
      if (isReached && !reached.has(share)) reached.set(share, performance.now() - begun);
    }
    return reached.has(100);
  }, 'everybody is back');
  return reached;
}

function shownTo({ sdk }: TestClient): number {
  return sdk
    .channel(CHANNEL)
    .state()
    .timeline.filter(({ kind }) => kind === 'message').length;
}

async function storm(onDoomed: number, beside: number): Promise<StormFigures> {
  const [postgres, nats, redis] = await Promise.all([startPostgres(), startNats(), startRedis()]);
  const nodes: TestServer[] = [];
  let loaders: Loader[] = [];
  try {
    for (const name of ['one', 'two', 'three']) nodes.push(await startNode(name, { postgres, nats, redis }));
    const total = onDoomed + beside;
    loaders = startLoaders(nodes, onDoomed, beside);
    const figures = () => sumOf(loaders.flatMap(({ latest }) => latest ?? []));
    const areIn = () => loaders.every(({ latest }) => latest !== null) && figures().online === total;
    await until(areIn, `${total} people have come in`);
    const before = figures();
    const listeners = await joinListeners(nodes);
    const begun = performance.now();
    await nodes[2]?.kill();
    const [times] = await Promise.all([comeback(figures, { begun, before, total, onDoomed }), speak(listeners[0])]);
    await until(() => figures().heard >= SAID, 'everybody has heard the last message');
    const after = figures();
    const missing = SAID - Math.min(...listeners.map(shownTo));
    await Promise.all(listeners.map((listener) => listener.disconnect()));
    const back = (share: (typeof SHARES)[number]) => times.get(share) ?? Number.NaN;
    const times_ms = { back_50: back(50), back_90: back(90), back_99: back(99), back_100: back(100) };
    return { ...times_ms, failed: after.failed - before.failed, told: after.told - before.told, missing };
  } finally {
    for (const loader of loaders) loader.stop();
    for (const node of nodes) await node.kill();
    for (const node of nodes) await node.stop();
    await Promise.all([postgres, nats, redis].map((service) => service.stop()));
  }
}

const [first, second] = process.argv.slice(2);
if (first === 'load') await load(JSON.parse(second ?? '{}') as Orders);
else {
  console.log(JSON.stringify(await storm(Number(first), Number(second))));
  process.exit(0);
}
