import { expect, test } from 'bun:test';
import {
  type Client,
  createClient,
  type Environment,
  type KonferencoError,
  memoryOutbox,
  type Message,
} from '@konferenco/client';
import '../../packages/client/src/testing/fetched-parts.ts';
import { type SharedTabs, shareTabs, tabSharing } from '@konferenco/client/tabs';
import { channelLog, directLog, type Envelope, type LogName } from '@konferenco/protocol';
import { createMemoryDisk, createMemoryStore } from '@konferenco/server';
import { SeededRandom, SimulatedBus, SimulatedSockets, startSimulatedServer, VirtualClock } from '@konferenco/testkit';
import { FakeBrowser, type FakeTab } from '../../packages/client/src/tabs/testing/fake-browser.ts';
import { seedsToRun } from './seeds.ts';

const HALL = channelLog('hall');
const DIRECT = directLog('mere', 'ana');
const LOGS = [HALL, DIRECT];
const TABS_MAX = 5;
const BUSY_MS = 60_000;
/** Longer than the silence after which a connection of which only one end knows that it is cut is given up. */
const SETTLE_MS = 150_000;
/** Two tabs may both run and both think that they own the connection while one's word to the other is on its way. */
const TWO_OWNERS_MS = 2_000;

/** One tab with its program, and everything it was told. */
interface Opened {
  readonly tab: FakeTab;
  readonly client: Client;
  readonly told: Map<LogName, number[]>;
  /** Head of each log when its `open` resolved. */
  readonly headAtOpen: Map<LogName, number>;
}

/** A server, somebody with one device, and somebody with many tabs. */
class World {
  readonly clock = new VirtualClock();
  readonly random: SeededRandom;
  readonly broken: string[] = [];
  readonly story: string[] = [];
  readonly disk = createMemoryDisk({ epoch: 'simulated' });
  readonly browser: FakeBrowser;
  readonly opened: Opened[] = [];
  readonly said: { readonly by: string; readonly log: LogName; readonly text: string }[] = [];
  readonly ana: Client;
  readonly #sockets: SimulatedSockets;
  readonly #server: ReturnType<typeof startSimulatedServer>;
  readonly #outbox = memoryOutbox();
  readonly #parts = new Map<FakeTab, SharedTabs>();
  #texts = 0;

  constructor(seed: number) {
    const { clock } = this;
    const random = new SeededRandom(seed);
    this.random = random;
    this.#sockets = new SimulatedSockets(clock, random, [1, 60]);
    this.#server = startSimulatedServer({
      name: 'alone',
      store: createMemoryStore({ now: () => clock.now(), disk: this.disk }),
      bus: new SimulatedBus(clock, random, { delay_ms: [1, 5], lose: 0, double: 0 }).connect('alone'),
      clock,
      random,
      sockets: this.#sockets,
    });
    this.browser = new FakeBrowser({ now: () => clock.now(), after: (ms, fn) => clock.after(ms, fn) }, () =>
      random.int(0, 20),
    );
    this.ana = this.#client('ana', { now: () => clock.now(), after: (ms, fn) => clock.after(ms, fn) });
    void this.ana.connect();
  }

  note(line: string): void {
    this.story.push(`${((this.clock.now() - 1_800_000_000_000) / 1000).toFixed(3)} ${line}`);
  }

  break(what: string): void {
    this.broken.push(what);
    this.note(`✗ ${what}`);
  }

  headOf(log: LogName): number {
    return this.disk.logs.get(log)?.head ?? 0;
  }

  /** What is stored of a log, in order. */
  stored(log: LogName): readonly string[] {
    const entries = [...(this.disk.logs.get(log)?.entries.values() ?? [])];
    return entries.map(({ envelope }) => String((JSON.parse(envelope ?? '{}') as Envelope).payload['text']));
  }

  get running(): readonly Opened[] {
    return this.opened.filter(({ tab }) => tab.isRunning);
  }

  partOf(tab: FakeTab): string {
    return this.#parts.get(tab)?.part ?? 'none';
  }

  owners(): readonly FakeTab[] {
    return this.running.flatMap(({ tab }) => (this.partOf(tab) === 'owning' ? [tab] : []));
  }

  openTab(): void {
    const tab = this.browser.open((url) => this.#sockets.connect(this.#server, url));
    this.note(`${tab.id} opens`);
    const client = this.#client('mere', tab, tab);
    const one: Opened = { tab, client, told: new Map(), headAtOpen: new Map() };
    this.opened.push(one);
    client.on('message', ({ log, item }) => this.#told(one, log, item.offset));
    client.on('link', (link) => this.note(`${tab.id} ${link.kind}`));
    client.connect().catch((error: Error) => this.note(`${tab.id} connect: ${error.message}`));
    for (const log of LOGS) this.#open(one, log);
  }

  say(client: Client, by: string): void {
    const log = this.random.pick(LOGS);
    const text = `${by}#${++this.#texts}`;
    this.said.push({ by, log, text });
    this.note(`${text} in ${log}`);
    const other = by === 'ana' ? 'mere' : 'ana';
    const conversation = log === HALL ? client.channel('hall') : client.direct(other);
    // A tab that is closed leaves its message to the others; what counts is what is stored.
    conversation.send(text).catch((error: Error) => this.note(`${text}: ${error.message}`));
  }

  cut(): void {
    this.note('a link is cut');
    this.#sockets.cut('one', [0, 3_000]);
  }

  async stop(): Promise<void> {
    const leaving = [this.ana, ...this.running.map(({ client }) => client)].map((client) => client.close());
    await this.clock.advance(10_000);
    await Promise.all(leaving);
    await this.#server.close();
  }

  /** Opens a conversation, again and again until it is open: a passing refusal is no reason to give up. */
  #open(one: Opened, log: LogName): void {
    const conversation = log === HALL ? one.client.channel('hall') : one.client.direct('ana');
    conversation.open().then(
      () => one.headAtOpen.set(log, this.headOf(log)),
      (error: KonferencoError) => {
        if (error.recourse === 'later') return void one.tab.after(1_000, () => this.#open(one, log));
        this.break(`${one.tab.id} open ${log}: ${error.message}`);
      },
    );
  }

  #told(one: Opened, log: LogName, offset: number): void {
    const told = one.told.get(log) ?? [];
    one.told.set(log, told);
    this.note(`${one.tab.id} ← ${log} @${offset}`);
    if (told.includes(offset)) this.break(`${one.tab.id} was told of ${log} @${offset} twice`);
    else if (offset < (told.at(-1) ?? 0))
      this.break(`${one.tab.id} was told of ${log} @${offset} after @${told.at(-1)}`);
    told.push(offset);
  }

  #client(user: string, time: Pick<Environment, 'now' | 'after'>, tab?: FakeTab): Client {
    const { random } = this;
    return createClient({
      url: 'http://simulated.test',
      demoUser: user,
      device_id: `${user}-device`,
      ...(tab ? { outbox: this.#outbox, tabs: this.#sharing(tab) } : {}),
      environment: {
        now: () => time.now(),
        after: (ms, fn) => time.after(ms, fn),
        random: () => random.next(),
        randomBytes: (count) => random.bytes(count),
        fetch: () => Promise.reject(new TypeError('there is no REST in the simulation')),
        openSocket: tab ? tab.openSocket : (url) => this.#sockets.connect(this.#server, url),
        exclusively: (_, fn) => fn(),
        network: { online: () => true, subscribe: () => () => {} },
      },
    });
  }

  #sharing(tab: FakeTab): ReturnType<typeof tabSharing> {
    return tabSharing(
      () => tab.surroundings,
      (options) => {
        const tabs = shareTabs(options);
        this.#parts.set(tab, tabs);
        return tabs;
      },
    );
  }
}

/** Every third, for a run with several tabs takes as long as three of the others. */
const SEEDS = seedsToRun().filter((_, index) => index % 3 === 0);

type Deed = readonly [weight: number, deed: (world: World) => void];

const DEEDS: readonly Deed[] = [
  [12, (world) => someTab(world, ({ client, tab }) => world.say(client, tab.id))],
  [8, (world) => world.say(world.ana, 'ana')],
  [3, (world) => world.running.length < TABS_MAX && world.openTab()],
  [1, (world) => someTab(world, ({ tab }) => crash(world, tab))],
  [1, (world) => someTab(world, (one) => close(world, one))],
  [2, (world) => someTab(world, ({ tab }) => sleep(world, tab, 'freeze'))],
  [2, (world) => someTab(world, ({ tab }) => sleep(world, tab, 'hide'))],
  [1, (world) => world.cut()],
];
const WEIGHT = DEEDS.reduce((sum, [weight]) => sum + weight, 0);

function someTab(world: World, deed: (one: Opened) => void): void {
  if (world.running.length > 0) deed(world.random.pick(world.running));
}

function crash(world: World, tab: FakeTab): void {
  world.note(`${tab.id} crashes`);
  tab.crash();
}

function close(world: World, { tab, client }: Opened): void {
  world.note(`${tab.id} closes`);
  client.close().then(
    () => world.clock.after(0, () => tab.crash()),
    () => tab.crash(),
  );
}

function sleep(world: World, tab: FakeTab, how: 'freeze' | 'hide'): void {
  world.note(`${tab.id} ${how}s`);
  tab[how]();
  world.clock.after(world.random.int(500, 30_000), () => {
    if (tab.isAlive) world.note(`${tab.id} wakes`);
    tab.wake();
  });
}

function act(world: World, over: () => boolean): void {
  world.clock.after(world.random.int(20, 700), () => {
    if (over()) return;
    let ticket = world.random.int(0, WEIGHT - 1);
    const chosen = DEEDS.find(([weight]) => {
      ticket -= weight;
      return ticket < 0;
    });
    chosen?.[1](world);
    act(world, over);
  });
}

/** Never two that own the connection and run, for longer than a word takes. */
function watchOwners(world: World): void {
  let since: number | null = null;
  const look = () => {
    const owners = world.owners();
    if (owners.length < 2) since = null;
    else since ??= world.clock.now();
    if (since !== null && world.clock.now() - since > TWO_OWNERS_MS) {
      return world.break(`${owners.map(({ id }) => id).join(' and ')} both own the connection`);
    }
    world.clock.after(100, look);
  };
  look();
}

function check(world: World): void {
  const { running } = world;
  const connections = running.map(({ tab }) => `${tab.id} ${world.partOf(tab)}: ${tab.connections}`);
  if (running.reduce((sum, { tab }) => sum + tab.connections, 0) !== 1)
    world.break(`not one real connection: ${connections.join(', ')}`);
  if (world.owners().length !== 1) world.break(`${world.owners().length} owners`);
  for (const { by, log, text } of world.said) {
    const times = world.stored(log).filter((stored) => stored === text).length;
    if (times !== 1) world.break(`${text} of ${by} is stored ${times} times in ${log}`);
  }
  const first = new Map<LogName, string>();
  for (const { tab, client, told, headAtOpen } of running) {
    if (client.link.kind !== 'online') world.break(`${tab.id} is ${client.link.kind}`);
    if (client.waiting > 0) world.break(`${tab.id} says that ${client.waiting} wait`);
    for (const log of LOGS) {
      const texts = world.stored(log);
      const shown = (log === HALL ? client.channel('hall') : client.direct('ana'))
        .state()
        .timeline.filter((entry): entry is Message => entry.kind === 'message');
      const unsent = shown.filter(({ offset }) => offset === null).map(({ text, state }) => `${text} ${state}`);
      if (unsent.length > 0) world.break(`${tab.id} shows ${unsent.join(', ')} as unsent in ${log}`);
      const stored = shown.filter(({ offset }) => offset !== null).map(({ text }) => text);
      // A message that arrived late stands where it was written, which is the same for everybody.
      if (stored.toSorted().join() !== texts.toSorted().join())
        world.break(`${tab.id} shows ${stored.join()} in ${log}, where ${texts.join()} is stored`);
      first.set(log, first.get(log) ?? stored.join());
      if (stored.join() !== first.get(log))
        world.break(`${tab.id} shows another order in ${log} than the others: ${stored.join()} / ${first.get(log)}`);
      if (log !== HALL) continue;
      const from = headAtOpen.get(log);
      for (let offset = (from ?? 0) + 1; from !== undefined && offset <= world.headOf(log); offset++)
        if (!told.get(log)?.includes(offset)) world.break(`${tab.id} was never told of ${log} @${offset}`);
    }
  }
}

/** Every tab loads what lies before. */
async function loadAll({ clock, running }: World): Promise<void> {
  for (const { client } of running) {
    for (const conversation of [client.channel('hall'), client.direct('ana')]) {
      for (let pages = 0; conversation.state().has_older && pages < 10; pages++) {
        const loaded = conversation.loadOlder();
        await clock.advance(500);
        await loaded;
      }
    }
  }
}

async function simulate(
  seed: number,
): Promise<{ readonly broken: readonly string[]; readonly story: readonly string[] }> {
  const world = new World(seed);
  const onRejection = (error: unknown) =>
    world.break(`unhandled: ${error instanceof Error ? error.stack : String(error)}`);
  process.on('unhandledRejection', onRejection);
  if (world.random.chance(0.3)) world.browser.loses = () => world.random.chance(0.02);
  for (let i = world.random.int(1, 3); i > 0; i--) world.openTab();
  let busy = true;
  act(world, () => !busy);
  watchOwners(world);
  await world.clock.advance(BUSY_MS);
  busy = false;
  world.note('— the faults end —');
  world.browser.loses = () => false;
  await world.clock.advance(31_000);
  if (world.running.length === 0) world.openTab();
  await world.clock.advance(SETTLE_MS);
  await loadAll(world);
  check(world);
  await world.stop();
  process.off('unhandledRejection', onRejection);
  return world;
}

// proves TB-1, TB-7, TB-8, TB-10, TB-11
test(`${SEEDS.length} seeds: tabs open, close, crash, freeze and go back while people talk, and nothing is lost, doubled or out of order`, async () => {
  for (const seed of SEEDS) {
    const { broken, story } = await simulate(seed);
    if (broken.length === 0) continue;
    const told = process.env['KONFERENCO_SIM_STORY'] ? story : story.slice(-60);
    throw new Error([`seed ${seed}:`, ...broken.map((what) => `  ✗ ${what}`), ...told].join('\n'));
  }
  expect(SEEDS.length).toBeGreaterThan(0);
}, 86_400_000);
