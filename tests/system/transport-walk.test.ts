import { afterEach, expect, test } from 'bun:test';
import { channelLog, directLog, type LogName } from '@konferenco/protocol';
import { SeededRandom } from '@konferenco/testkit';
import { createSystem, startNode, type System } from './support/nodes.ts';
import { type Heard, Talker } from './support/talker.ts';
import { until } from './support/until.ts';
import { type Lets, VenueProxy } from './support/venue-proxy.ts';

const SEED = 11;
const CHANNELS = ['hall', 'garden'];
const NAMES = ['ana', 'ben', 'cyd', 'dov', 'eli', 'fay'];
const HASTE = 4;

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Nodes whose bus now and then loses a copy, or brings it twice. */
async function startVenue(nodeNames: readonly string[]): Promise<{ system: System; proxy: VenueProxy }> {
  const system = createSystem({ delay_ms: [0, 4], lose: 0.02, double: 0.02 });
  closing.push(() => system.store.close());
  const nodes = await Promise.all(nodeNames.map((name) => startNode(name, system)));
  const proxy = new VenueProxy(...nodes.map(({ port }) => port));
  closing.push(
    async () => void (await Promise.all(nodes.map((node) => node.close()))),
    () => proxy.close(),
  );
  return { system, proxy };
}

async function startTalking(proxy: VenueProxy) {
  const place = { port: proxy.port, channels: CHANNELS, haste: HASTE, pause_ms: 80 };
  const people = NAMES.map((name) => new Talker({ name, ...place }));
  closing.push(async () => void (await Promise.all(people.map(({ client }) => client.close()))));
  await Promise.all(people.map((person) => person.arrive()));
  const talks = people.map((person, index) =>
    person.talk(
      new SeededRandom(SEED + index),
      NAMES.filter((name) => name !== person.name),
    ),
  );
  return { people, talks };
}

/** Connections and requests that are cut in each part of the walk. */
const CUTS = 6;
/** A client that has looked in vain for a better transport some times waits the longer before it looks again. */
const FOUND_WITHIN_MS = 60_000;

/**
 * Changes the venue's network, waits until everybody has found the transport that works, cuts what runs again and again,
 * and waits until everybody has talked over it.
 */
async function walk(proxy: VenueProxy, people: readonly Talker[], lets: Lets, transport: Talker['transport']) {
  const random = new SeededRandom(SEED);
  proxy.lets = lets;
  const all = () => people.every((person) => person.transport === transport);
  await until(all, `everybody on ${transport}`, FOUND_WITHIN_MS);
  for (let cuts = 0; cuts < CUTS; ) {
    if (proxy.cutOne(random)) cuts++;
    await Bun.sleep(random.int(5, 60));
  }
  await until(all, `everybody on ${transport} again`, FOUND_WITHIN_MS);
  const before = people.map(({ receipts }) => receipts.length);
  await until(
    () => people.every(({ receipts }, index) => receipts.length > (before[index] ?? 0) + 10),
    `everybody talks over ${transport}`,
  );
}

async function stored(system: System, log: LogName): Promise<Heard[]> {
  const all: Heard[] = [];
  for (;;) {
    const page = await system.store.read(log, { after: all.length, limit: 100, max_bytes: 1_000_000 });
    for (const { id, offset } of page.entries) all.push({ id, offset });
    if (!page.has_more) return all;
  }
}

/** Everything acknowledged is stored once, in each sender's order, and everybody heard all of it once and in order. */
async function check(system: System, people: readonly Talker[]): Promise<number> {
  await until(() => people.every(({ client }) => client.waiting === 0), 'outboxes are empty');
  expect(people.flatMap(({ failures }) => failures)).toEqual([]);
  const pairs = NAMES.flatMap((one, index) => NAMES.slice(index + 1).map((other) => directLog(one, other)));
  const promised = people.flatMap(({ receipts }) => receipts).map(({ log, id, offset }) => `${log} ${offset} ${id}`);
  const kept: string[] = [];
  for (const log of [...CHANNELS.map(channelLog), ...pairs]) {
    const entries = await stored(system, log);
    kept.push(...entries.map(({ id, offset }) => `${log} ${offset} ${id}`));
    const listeners = people.filter(({ name }) => log.startsWith('ch:') || log.split(':').includes(name));
    for (const { name, heard } of listeners) {
      await until(() => (heard.get(log)?.length ?? 0) >= entries.length, `${name} heard all of ${log}`);
      expect(heard.get(log) ?? []).toEqual(entries);
    }
  }
  expect(promised.toSorted()).toEqual(kept.toSorted());
  for (const { receipts } of people) {
    for (const log of new Set(receipts.map((receipt) => receipt.log))) {
      const offsets = receipts.filter((receipt) => receipt.log === log).map(({ offset }) => offset);
      expect(offsets).toEqual(offsets.toSorted((a, b) => a - b));
    }
  }
  return promised.length;
}

const FREE: Lets = { websocket: true, stream: 'pass' };

// proves TR-1, TR-2, TR-9
test.each([
  ['one node', ['alone']],
  ['two nodes behind a balancer without sticky sessions', ['north', 'south']],
])(
  'a walk through a venue whose network changes loses, doubles and reorders nothing: %s',
  async (_, names) => {
    const { system, proxy } = await startVenue(names);
    const { people, talks } = await startTalking(proxy);
    await walk(proxy, people, FREE, 'websocket');
    await walk(proxy, people, { websocket: false, stream: 'pass' }, 'sse');
    await walk(proxy, people, { websocket: false, stream: 'held' }, 'poll');
    await walk(proxy, people, { websocket: false, stream: 'pass' }, 'sse');
    await walk(proxy, people, { websocket: false, stream: 'refused' }, 'poll');
    await walk(proxy, people, FREE, 'websocket');
    for (const person of people) person.stopTalking();
    await Promise.all(talks);
    const count = await check(system, people);
    console.log(`transport walk over ${names.length} node(s): ${count} messages`, Object.fromEntries(proxy.seen));
  },
  240_000,
);
