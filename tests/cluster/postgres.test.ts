import { afterAll, expect, test } from 'bun:test';
import type { Receipt } from '@konferenco/client';
import type { TestClient } from '@konferenco/testkit';
import { type PostgresReplica, startPostgresReplica } from '@konferenco/testkit/servers';
import { until } from '../system/support/until.ts';
import { allSee, ask, history, PATIENCE_MS, publish, texts, useCluster } from './support.ts';

// Everything said is shown: nothing is gathered into digests.
const cluster = useCluster(async () => ({ KONFERENCO_DIGEST_RATE: '10000' }));
const TEST_MS = 400_000;
const NODES = [1, 2, 3];

// proves DL-23, DL-24, CN-18
test(
  'PostgreSQL is killed: what is said is refused or waits, live traffic goes on, and everything is stored in order once it is back',
  async () => {
    const mere = await cluster().person('mere', 1, 'awa');
    const hone = await cluster().person('hone', 2, 'awa');
    await mere.sendChannelMessage('awa', { text: 'before' });
    await cluster().service('postgres').kill();

    const said = [1, 2, 3].map((n) => mere.sendChannelMessage('awa', { text: `mere ${n}` }));
    // Known there, so that it gets as far as the store; somebody unknown cannot even be looked up.
    const refused = publish(cluster().node(2).url, 'hone', 'awa', 'refused');
    const typing = hone.sdk.channel('awa');
    await until(
      () => {
        mere.sdk.channel('awa').typing();
        return typing.state().typing.includes('mere');
      },
      'typing goes between nodes without a store',
      PATIENCE_MS,
    );
    expect((await publish(cluster().node(3).url, 'rua', 'awa', 'refused')).error).toBe('store_unavailable');
    const read = await ask(cluster().node(3).url, 'rua', 'GET /api/logs/ch:awa');
    expect([read.status, read.error]).toEqual([503, 'store_unavailable']);
    expect((await refused).error).toBe('store_unavailable');
    await cluster().sees('postgres', 'away');
    expect((await ask(cluster().node(3).url, 'rua', 'GET /readyz')).status).toBe(503);
    expect(await cluster().metric(3, 'konferenco_part_up{part="postgres"}')).toBe(0);
    expect(mere.sdk.waiting).toBe(3);
    expect([mere, hone].map(({ sdk }) => sdk.link.kind)).toEqual(['online', 'online']);

    await cluster().service('postgres').restart();
    const receipts = await Promise.all(said);
    expect(receipts.map(({ offset }) => offset)).toEqual([2, 3, 4]);
    await allSee([mere, hone], 'awa', ['before', 'mere 1', 'mere 2', 'mere 3']);
    // Nobody writes on the other two.
    await cluster().sees('postgres', 'working');
    const ready = await Promise.all(NODES.map((number) => ask(cluster().node(number).url, 'rua', 'GET /readyz')));
    expect(ready.map(({ status }) => status)).toEqual([200, 200, 200]);
  },
  TEST_MS,
);

// proves CN-18
test(
  'PostgreSQL hangs for a moment: what is said waits, and nobody is refused',
  async () => {
    const [ana, tama] = [await cluster().person('ana', 1, 'moana'), await cluster().person('tama', 2, 'moana')];
    for (const number of NODES) cluster().link(number, 'postgres').stall();
    const said = [ana.sendChannelMessage('moana', { text: 'one' }), ana.sendChannelMessage('moana', { text: 'two' })];
    await until(() => cluster().link(1, 'postgres').held > 0, 'the database is being asked', PATIENCE_MS);
    for (const number of NODES) cluster().link(number, 'postgres').heal();
    await Promise.all(said);
    await allSee([ana, tama], 'moana', ['one', 'two']);
  },
  TEST_MS,
);

let replica: PostgresReplica | null = null;
afterAll(async () => {
  // In good order it would wait for the nodes to leave.
  await replica?.kill();
  await replica?.stop();
});

/** Says one message after the other until told to stop; each is noted when it is acknowledged. */
class Speaker {
  readonly acknowledged: { readonly text: string; readonly receipt: Receipt }[] = [];
  readonly failures: unknown[] = [];
  readonly #person: TestClient;
  #isDone = false;

  constructor(person: TestClient) {
    this.#person = person;
  }

  async speak(channel: string): Promise<void> {
    for (let n = 1; !this.#isDone; n++) {
      const text = `${this.#person.userId} ${n}`;
      try {
        this.acknowledged.push({ text, receipt: await this.#person.sendChannelMessage(channel, { text }) });
      } catch (error) {
        this.failures.push(error);
      }
    }
  }

  stop(): void {
    this.#isDone = true;
  }
}

// proves ST-10, DL-10, CN-18
test(
  'the primary dies and its synchronous replica is promoted: nothing acknowledged is lost, and nobody has to begin anew',
  async () => {
    const primary = cluster().service('postgres');
    const epoch = async (url: string) =>
      (await cluster().sql<{ epoch: string }>('SELECT epoch FROM konferenco.meta', url))[0];
    const before = await epoch(primary.url);
    const { port } = new URL(primary.url);
    replica = await startPostgresReplica(Number(port));
    await cluster().sql("ALTER SYSTEM SET synchronous_standby_names = 'replica'");
    await cluster().sql('SELECT pg_reload_conf()');
    const isInStep = async () =>
      (await cluster().sql("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'")).length === 1;
    await until(isInStep, 'the replica is in step', PATIENCE_MS);

    const people = await Promise.all(NODES.map((number) => cluster().person(`speaker${number}`, number, 'ara')));
    const speakers = people.map((person) => new Speaker(person));
    const speaking = speakers.map((speaker) => speaker.speak('ara'));
    const eachHas = (count: number) => () => speakers.every(({ acknowledged }) => acknowledged.length >= count);
    await until(eachHas(20), 'everybody has said twenty', PATIENCE_MS);
    await primary.kill();
    await replica.promote();
    for (const number of NODES) cluster().link(number, 'postgres').aim(replica.port);
    const counts = speakers.map(({ acknowledged }) => acknowledged.length);
    await until(eachHas(Math.max(...counts) + 20), 'everybody goes on', PATIENCE_MS);
    for (const speaker of speakers) speaker.stop();
    await Promise.all(speaking);

    expect(speakers.flatMap(({ failures }) => failures)).toEqual([]);
    const stored = await history(cluster().node(2).url, 'speaker1', 'ch:ara');
    expect(stored.map(({ offset }) => offset)).toEqual(stored.map((_, index) => index + 1));
    for (const { acknowledged } of speakers) {
      const own = acknowledged.map(({ text }) => text);
      const [name = ''] = own[0]?.split(' ') ?? [];
      expect(stored.flatMap(({ text }) => (text.startsWith(`${name} `) ? [text] : []))).toEqual(own);
      for (const { text, receipt } of acknowledged) expect(stored[receipt.offset - 1]?.text).toBe(text);
    }
    const newest = stored.slice(-20).map(({ text }) => text);
    await until(
      () => people.every((person) => texts(person, 'ara').slice(-20).join() === newest.join()),
      'everybody sees the newest in one order',
      PATIENCE_MS,
    );
    expect(await epoch(replica.url)).toEqual(before);
  },
  TEST_MS,
);
