import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inboxLog } from '@konferenco/protocol';
import { SeededRandom, TestServer } from '@konferenco/testkit';
import { Peer } from './support/peer.ts';
import { useServers } from './support/servers.ts';
import { pooled, until } from './support/until.ts';
import { type Acknowledged, Writer } from './support/writer.ts';

const SEED = 20_26;
const ROUNDS = 20;
const WRITERS = 200;
const CHANNELS = 12;
const dir = mkdtempSync(join(tmpdir(), 'konferenco-kill-'));

const startServer = useServers();
afterAll(() => rmSync(dir, { recursive: true, force: true }));

// proves DL-1
test('twenty kills under load lose nothing acknowledged and double nothing', async () => {
  const random = new SeededRandom(SEED);
  const port = await freePort();
  const start = () => startServer({ dir, port, rateLimits: false });
  const writers = Array.from({ length: WRITERS }, (_, index) => newWriter(index, port, random));

  for (let round = 0; round < ROUNDS; round++) {
    const server = await start();
    const acknowledged = count(writers);
    const connected = Promise.allSettled(writers.map((writer) => writer.connect()));
    // Some kills fall into the connecting and sending again, some into steady writing.
    const after = random.int(0, 2000);
    await until(() => count(writers) >= acknowledged + after, 'the round makes progress');
    await server.kill();
    await connected;
    for (const writer of writers) writer.disconnect();
  }

  const server = await start();
  await Promise.all(writers.map((writer) => writer.connect()));
  for (const writer of writers) writer.stopWriting();
  await until(() => writers.every((writer) => writer.unacknowledged === 0), 'everything said is acknowledged');

  expect(writers.flatMap((writer) => writer.refusals)).toEqual([]);
  const said = byLog(writers.flatMap((writer) => writer.acknowledged));
  console.log(`kill: ${count(writers)} acknowledged in ${said.size} logs over ${ROUNDS} kills (seed ${SEED})`);
  const readers = await readersOf(writers, port);
  await pooled([...said], 32, async ([log, entries]) => {
    const items = await readerOf(readers, log).readAll(log);
    expect(items.map(({ offset }) => offset)).toEqual(items.map((_, index) => index + 1));
    const stored = items.map((item): Acknowledged => ({ id: item.envelope?.id ?? 'gone', log, offset: item.offset }));
    expect(stored).toEqual(entries.sort((a, b) => a.offset - b.offset));
  });
  await pooled(writers, 32, (writer) => checkInbox(readers, writer.user, said));
  for (const reader of readers.values()) reader.socket.cut();
  for (const writer of writers) writer.disconnect();
  await server.stop();
}, 400_000);

/** Each direct message stands in both people's inboxes once, and nothing else does. */
async function checkInbox(
  readers: ReadonlyMap<string, Peer>,
  user: string,
  said: ReadonlyMap<string, Acknowledged[]>,
): Promise<void> {
  const reader = readers.get(user);
  if (!reader) throw new Error(`nobody reads for ${user}`);
  const items = await reader.readAll(inboxLog(user));
  expect(items.map(({ inbox }) => inbox)).toEqual(items.map((_, index) => index + 1));
  const mine = [...said]
    .filter(([log]) => log.startsWith('dm:') && log.split(':').includes(user))
    .flatMap(([, entries]) => entries);
  expect(items.map((item) => item.envelope?.id).sort()).toEqual(mine.map(({ id }) => id).sort());
}

function newWriter(index: number, port: number, random: SeededRandom): Writer {
  const user = `writer-${index}`;
  return new Writer({
    user,
    port,
    window: 4,
    address: () =>
      random.chance(0.5)
        ? { type: 'channel', id: `room-${random.int(1, CHANNELS)}` }
        : { type: 'user', id: `writer-${(index + random.int(1, 3)) % WRITERS}` },
  });
}

async function readersOf(writers: readonly Writer[], port: number): Promise<ReadonlyMap<string, Peer>> {
  const peers = await Promise.all(writers.map(({ user }) => Peer.connect({ user, port, device: 'reader' })));
  return new Map(peers.map((peer) => [peer.user, peer]));
}

/** Somebody who may read the log. */
function readerOf(readers: ReadonlyMap<string, Peer>, log: string): Peer {
  const user = log.startsWith('dm:') ? (log.split(':')[1] ?? '') : 'writer-0';
  const reader = readers.get(user);
  if (!reader) throw new Error(`nobody reads ${log}`);
  return reader;
}

function byLog(entries: readonly Acknowledged[]): Map<string, Acknowledged[]> {
  const logs = new Map<string, Acknowledged[]>();
  for (const entry of entries) {
    const known = logs.get(entry.log);
    if (known) known.push(entry);
    else logs.set(entry.log, [entry]);
  }
  return logs;
}

function count(writers: readonly Writer[]): number {
  return writers.reduce((sum, writer) => sum + writer.acknowledged.length, 0);
}

async function freePort(): Promise<number> {
  const server = await TestServer.start();
  await server.stop();
  return server.port;
}
