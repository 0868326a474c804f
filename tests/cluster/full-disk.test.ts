import { expect } from 'bun:test';
import { hasSmallDisks, testWithSmallDisk } from '../system/support/small-disk.ts';
import { until } from '../system/support/until.ts';
import { allSee, ask, history, PATIENCE_MS, publish, useCluster } from './support.ts';

// Everything said is shown: nothing is gathered into digests.
const start = () => useCluster(async () => ({ KONFERENCO_DIGEST_RATE: '10000' }), { small_disks: true });
/** Where no test runs, nothing is started for them. */
const cluster: ReturnType<typeof start> = hasSmallDisks() ? start() : noCluster;
const TEST_MS = 400_000;
const NODES = [1, 2, 3];
/** More messages than fit into pages that are there already. */
const MANY = 200;

function noCluster(): never {
  throw new Error('there are no small disks here');
}

/** Fills a disk; resolves with what makes room again. */
async function fill(name: string): Promise<() => Promise<void>> {
  const { disks, missing } = cluster().topology;
  if (missing.length > 0) throw new Error(missing.join(' '));
  const disk = disks.find((one) => one.name === name);
  if (!disk) throw new RangeError(`there is no disk of ${name}`);
  return disk.fill();
}

/** Says long things until one is refused; @returns how many were not. */
async function sayUntilRefused(channel: string): Promise<number> {
  for (let said = 0; said < MANY; said++) {
    const { error } = await publish(cluster().node(3).url, 'rua', channel, `rua ${said} ${'~'.repeat(3_000)}`);
    if (error === '') continue;
    expect(error).toBe('store_unavailable');
    return said;
  }
  throw new Error(`${MANY} long messages found room on a full disk`);
}

// proves CN-18, DL-23, DL-24
testWithSmallDisk(
  'the disk of PostgreSQL is full: what finds no room is refused, what was said can be read, and everything is stored once there is room',
  async () => {
    const [mere, hone] = [await cluster().person('mere', 1, 'awa'), await cluster().person('hone', 2, 'awa')];
    await mere.sendChannelMessage('awa', { text: 'before' });
    const makeRoom = await fill('postgres');
    const found = await sayUntilRefused('awa');
    const text = `mere ${'~'.repeat(3_000)}`;
    const said = mere.sendChannelMessage('awa', { text });
    expect((await history(cluster().node(2).url, 'hone', 'ch:awa')).length).toBe(1 + found);
    expect(mere.sdk.waiting).toBe(1);
    expect([mere, hone].map(({ sdk }) => sdk.link.kind)).toEqual(['online', 'online']);
    await makeRoom();
    expect((await said).offset).toBe(2 + found);
    await allSee([mere, hone], 'awa', ['before', text], /^(before|mere)/);
    await cluster().streamsAreWhole();
  },
  TEST_MS,
);

// proves CN-18, ST-18
testWithSmallDisk(
  'PostgreSQL ends for want of room for its log: what is said waits, and nothing acknowledged is missing once it is started again',
  async () => {
    const [ana, tama] = [await cluster().person('ana', 1, 'moana'), await cluster().person('tama', 2, 'moana')];
    await publish(cluster().node(3).url, 'rua', 'moana', 'rua is known');
    await ana.sendChannelMessage('moana', { text: 'ana 1' });
    const makeRoom = await fill('postgres log');
    const said = ana.sendChannelMessage('moana', { text: 'ana 2' });
    const isRefused = async () =>
      (await publish(cluster().node(3).url, 'rua', 'moana', 'refused')).error === 'store_unavailable';
    await Promise.all([until(isRefused, 'a message is refused', PATIENCE_MS), cluster().sees('postgres', 'away')]);
    expect(ana.sdk.waiting).toBe(1);
    await makeRoom();
    await said;
    await allSee([ana, tama], 'moana', ['ana 1', 'ana 2'], /^ana/);
    await cluster().sees('postgres', 'working');
    const ready = await Promise.all(NODES.map((number) => ask(cluster().node(number).url, 'rua', 'GET /readyz')));
    expect(ready.map(({ status }) => status)).toEqual([200, 200, 200]);
  },
  TEST_MS,
);

// proves BU-12, CN-17
testWithSmallDisk(
  'the disk of JetStream is full: people notice nothing, and its streams have everything once it was started again with room',
  async () => {
    const [ana, tama] = [await cluster().person('ana', 1, 'maunga'), await cluster().person('tama', 2, 'maunga')];
    await ana.sendChannelMessage('maunga', { text: 'ana 0' });
    await cluster().streamsAreWhole();
    const makeRoom = await fill('nats');
    const failures = async () => {
      const counts = await Promise.all(
        NODES.map((number) => cluster().metric(number, 'konferenco_relay_total{what="failed"}')),
      );
      return counts.reduce((sum, count) => sum + count, 0);
    };
    const before = await failures();
    const texts = Array.from({ length: 20 }, (_, n) => `ana ${n + 1}`);
    await Promise.all(texts.map((text) => ana.sendChannelMessage('maunga', { text })));
    await allSee([ana, tama], 'maunga', ['ana 0', ...texts]);
    await until(async () => (await failures()) > before, 'the relay finds no room', PATIENCE_MS);
    // An operator's view shows the rest meanwhile, soon.
    expect(await cluster().view(1)).toMatchObject({ streams: null });
    await makeRoom();
    await cluster().streamsAreWhole();
    await tama.sendChannelMessage('maunga', { text: 'tama 1' });
    await allSee([ana, tama], 'maunga', ['ana 0', ...texts, 'tama 1']);
    await cluster().streamsAreWhole();
  },
  TEST_MS,
);
