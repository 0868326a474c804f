import { expect, test } from 'bun:test';
import type { Receipt } from '@konferenco/client';
import { channelLog, inboxLog, type LogName } from '@konferenco/protocol';
import { SeededRandom } from '@konferenco/testkit';
import { CuttingProxy } from './support/cutting-proxy.ts';
import { Peer } from './support/peer.ts';
import { useServers } from './support/servers.ts';
import { type Heard, Talker } from './support/talker.ts';
import { pooled, until } from './support/until.ts';

const startServer = useServers();
const SEED = 7;
const PEOPLE = 50;
const CUTS = 1000;
const CHANNELS = ['hall', 'garden', 'kitchen'] as const;
/** Pauses between tries are a tenth as long as people's clients make them. */
const HASTE = 10;
const NAMES = Array.from({ length: PEOPLE }, (_, index) => `person-${index + 1}`);

// proves DL-17
test('a thousand cuts lose nothing acknowledged, double nothing and keep the order', async () => {
  const server = await startServer({
    rateLimits: false,
    env: { KONFERENCO_DIGEST_RATE: '100000' },
  });
  const random = new SeededRandom(SEED);
  const proxy = await CuttingProxy.start(server.port, random);
  const place = { port: proxy.port, channels: CHANNELS, haste: HASTE, pause_ms: 150 };
  const people = NAMES.map((name) => new Talker({ name, ...place }));
  await Promise.all(people.map((person) => person.arrive()));
  const talks = people.map((person, index) => person.talk(new SeededRandom(SEED + index), NAMES));

  for (let cuts = 0; cuts < CUTS; ) {
    if (proxy.cutOne()) cuts++;
    await Bun.sleep(random.int(2, 15));
  }
  for (const person of people) person.stopTalking();
  await Promise.all(talks);
  await until(
    () => people.every(({ client }) => client.link.kind === 'online' && client.waiting === 0),
    'all have recovered',
  );

  expect(people.flatMap((person) => person.failures)).toEqual([]);
  const receipts = people.flatMap((person) => person.receipts);
  console.log(
    `cuts: ${receipts.length} messages acknowledged over ${CUTS} cuts (seed ${SEED}):`,
    Object.fromEntries(proxy.cuts),
  );
  const logs = await storedLogs(people, server.port);
  checkReceipts(receipts, logs);
  for (const log of CHANNELS.map(channelLog)) {
    const stored = logs.get(log) ?? [];
    await until(
      () => people.every((person) => (person.heard.get(log)?.length ?? 0) >= stored.length),
      `all heard all of ${log}`,
    );
    for (const person of people) expect(person.heard.get(log)).toEqual(stored);
  }
  await checkDirect(people, logs);
  await Promise.all(people.map(({ client }) => client.close()));
  await proxy.close();
  await server.stop();
}, 400_000);

/** What the store holds of each log that somebody may read: gapless, and each sender's messages in the order of their saying. */
async function storedLogs(people: readonly Talker[], port: number): Promise<ReadonlyMap<LogName, Heard[]>> {
  const logs = new Map<LogName, Heard[]>();
  await pooled(people, 10, async ({ name }) => {
    const reader = await Peer.connect({ user: name, port, device: 'reader' });
    const inbox = await reader.readAll(inboxLog(name));
    const names = new Set([...CHANNELS.map(channelLog), ...inbox.map((item) => item.log ?? '')]);
    for (const log of names) {
      if (logs.has(log)) continue;
      const items = await reader.readAll(log);
      expect(items.map(({ offset }) => offset)).toEqual(items.map((_, index) => index + 1));
      checkOrder(items.map((item) => String(item.envelope?.payload['text'])));
      logs.set(
        log,
        items.map((item) => ({ id: item.envelope?.id ?? 'gone', offset: item.offset })),
      );
    }
    reader.socket.cut();
  });
  return logs;
}

/** Texts are "NAME NUMBER", and the numbers of a name grow. */
function checkOrder(texts: readonly string[]): void {
  const last = new Map<string, number>();
  for (const text of texts) {
    const [name = '', number] = text.split(' ');
    expect(Number(number)).toBeGreaterThan(last.get(name) ?? -1);
    last.set(name, Number(number));
  }
}

/** Every receipt is an entry of the store, and every entry has its receipt. */
function checkReceipts(receipts: readonly Receipt[], logs: ReadonlyMap<LogName, readonly Heard[]>): void {
  const promised = receipts.map(({ log, offset, id }) => `${log} ${offset} ${id}`).sort();
  const stored = [...logs]
    .flatMap(([log, entries]) => entries.map(({ offset, id }) => `${log} ${offset} ${id}`))
    .sort();
  expect(promised).toEqual(stored);
}

/** Each direct conversation was heard by both of its people, once and in order. */
async function checkDirect(people: readonly Talker[], logs: ReadonlyMap<LogName, readonly Heard[]>): Promise<void> {
  const byName = new Map(people.map((person) => [person.name, person]));
  for (const [log, stored] of logs) {
    if (!log.startsWith('dm:')) continue;
    for (const name of new Set(log.split(':').slice(1))) {
      const person = byName.get(name);
      await until(() => (person?.heard.get(log)?.length ?? 0) >= stored.length, `${name} heard all of ${log}`);
      expect(person?.heard.get(log)).toEqual([...stored]);
    }
  }
}
