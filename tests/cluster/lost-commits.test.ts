import { afterAll, expect, test } from 'bun:test';
import { TcpProxy } from '@konferenco/testkit/faults';
import { type PostgresReplica, startPostgresReplica } from '@konferenco/testkit/servers';
import { OfflineDevice } from '../system/support/offline-device.ts';
import { until } from '../system/support/until.ts';
import { allSee, history, PATIENCE_MS, publish, useCluster } from './support.ts';

// Everything said is shown: nothing is gathered into digests.
const cluster = useCluster(async () => ({ KONFERENCO_DIGEST_RATE: '10000' }));
const TEST_MS = 400_000;
const NODES = [1, 2, 3];

const undo: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/** A replica that follows the primary over a link of its own, and that no commit waits for. */
async function asynchronousReplica(): Promise<{ readonly replica: PostgresReplica; readonly link: TcpProxy }> {
  const { port } = new URL(cluster().service('postgres').url);
  const link = await TcpProxy.start({ target: Number(port), seed: 1 });
  undo.push(() => link.close());
  const replica = await startPostgresReplica(link.port);
  undo.push(async () => {
    // In good order it would wait for the nodes to leave.
    await replica.kill();
    await replica.stop();
  });
  return { replica, link };
}

/** Resolves when the replica has written down everything that was committed so far. */
async function isUpToDate(): Promise<void> {
  const lag = 'SELECT pg_current_wal_lsn() <= flush_lsn AS same FROM pg_stat_replication';
  await until(
    async () => (await cluster().sql<{ same: boolean }>(lag))[0]?.same === true,
    'the replica has everything',
    PATIENCE_MS,
  );
}

const epochAt = async (url: string) =>
  (await cluster().sql<{ epoch: string }>('SELECT epoch FROM konferenco.meta', url))[0]?.epoch;

// proves ST-10, CL-10, CN-18
test(
  'the primary dies and its replica lacks acknowledged commits: devices offer theirs again, and nobody is shown what is gone',
  async () => {
    const { replica, link } = await asynchronousReplica();
    const [mere, hone] = [await cluster().person('mere', 1, 'roto'), await cluster().person('hone', 2, 'roto')];
    const phone = new OfflineDevice({ url: cluster().node(3).url, demoUser: 'aroha' });
    await phone.start();
    undo.push(() => phone.client.close());
    await mere.sendChannelMessage('roto', { text: 'mere: kept' });
    await isUpToDate();

    link.refuse();
    link.cut();
    await mere.sendChannelMessage('roto', { text: 'mere: first' });
    await hone.sendChannelMessage('roto', { text: 'hone: only' });
    await mere.sendChannelMessage('roto', { text: 'mere: second' });
    await phone.client.channel('roto').send('aroha: from a phone that is off');
    await phone.client.close();
    // Nothing but the server has this one.
    expect((await publish(cluster().node(3).url, 'rua', 'roto', 'rua: gone')).status).toBe(200);
    const before = (await history(cluster().node(1).url, 'mere', 'ch:roto')).map(({ text }) => text);
    expect(before.length).toBe(6);
    await allSee([mere, hone], 'roto', before);

    const lost = cluster().service('postgres');
    const old = await epochAt(lost.url);
    await lost.kill();
    await replica.promote();
    const kept = "SELECT count(*)::int AS count FROM konferenco.entries WHERE body LIKE '%roto%'";
    expect(await cluster().sql<{ count: number }>(kept, replica.url)).toEqual([{ count: 1 }]);
    cluster().link(1, 'postgres').aim(replica.port);
    await cluster().node(1).kill();
    await cluster().node(1).restart({ KONFERENCO_RESTORED: 'yes' });
    expect(await epochAt(replica.url)).not.toBe(old);

    // The others know only the store that is gone, and take nothing on for it.
    for (const number of [2, 3]) cluster().link(number, 'postgres').aim(replica.port);
    const refusal = async () => (await publish(cluster().node(2).url, 'hone', 'roto', 'hone: refused')).error;
    await until(async () => (await refusal()) === 'store_unavailable', 'a node of the old epoch refuses', PATIENCE_MS);
    for (const number of [2, 3]) {
      await cluster().node(number).kill();
      await cluster().node(number).restart();
    }
    await phone.start();

    const stored = async () => (await history(cluster().node(3).url, 'hone', 'ch:roto')).map(({ text }) => text);
    const offered = ['aroha: from a phone that is off', 'hone: only', 'mere: first', 'mere: kept', 'mere: second'];
    await until(
      async () => (await stored()).toSorted().join() === offered.join(),
      'what devices had is stored again, once',
      PATIENCE_MS,
    ).catch(async (error) => {
      throw new Error(`${error.message}; stored: ${JSON.stringify(await stored())}`);
    });
    const now = await stored();
    expect(now.filter((text) => text.startsWith('mere'))).toEqual(['mere: kept', 'mere: first', 'mere: second']);
    // On the screens too: in the order of the new store, and nothing of what is gone.
    await allSee([mere, hone], 'roto', now);
    const after = await mere.sendChannelMessage('roto', { text: 'mere: after' });
    expect(after.offset).toBe(now.length + 1);
    await allSee([mere, hone], 'roto', [...now, 'mere: after']);
    for (const number of NODES) {
      const own = await history(cluster().node(number).url, 'rua', 'ch:roto');
      expect(own.map(({ text }) => text)).toEqual([...now, 'mere: after']);
    }
  },
  TEST_MS,
);
