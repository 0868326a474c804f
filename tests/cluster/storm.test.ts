import { afterAll, beforeAll, expect, test } from 'bun:test';
import { Crowd, TestClient, TestServer } from '@konferenco/testkit';
import { freePort, type RunningProgram, startNats, startPostgres, startRedis } from '@konferenco/testkit/servers';
import { until } from '../system/support/until.ts';
import { history, PATIENCE_MS, texts } from './support.ts';

const PEOPLE = 1_500;
const SAID = 20;

let services: readonly [RunningProgram, RunningProgram, RunningProgram];
const nodes: TestServer[] = [];
beforeAll(async () => {
  services = await Promise.all([startPostgres(), startNats(), startRedis()]);
  const [postgres, nats, redis] = services;
  for (const name of ['one', 'two', 'three']) {
    const port = await freePort();
    const env = {
      KONFERENCO_LOG_LEVEL: 'silent',
      KONFERENCO_NODE: name,
      KONFERENCO_NODE_URL: `http://127.0.0.1:${port}`,
      KONFERENCO_POSTGRES_URL: postgres.url,
      KONFERENCO_NATS_URL: nats.url,
      KONFERENCO_REDIS_URL: redis.url,
      // So few a second at the nodes they come back to that some are told to come later.
      KONFERENCO_CONNECT_RATE: name === 'three' ? '5000' : '200',
      KONFERENCO_CONNECT_BURST: name === 'three' ? '5000' : '100',
    };
    nodes.push(await TestServer.start({ storage: 'disk', rateLimits: false, port, env }));
  }
}, 240_000);
afterAll(async () => {
  for (const node of nodes) await node.kill();
  for (const node of nodes) await node.stop();
  await Promise.all(services.map((service) => service.stop()));
}, 240_000);

// proves CN-10, CN-14, CN-20
test('1,500 people of a node that is killed come back to the others, each when they were told to, without a failed try, and miss nothing', async () => {
  const [one, two, three] = nodes.map(({ httpUrl }) => httpUrl);
  const crowd = new Crowd({
    bases: [one ?? '', two ?? ''],
    ...{ first: { node: 'three', url: three ?? '' }, size: PEOPLE, prefix: 'guest', channel: 'hall' },
  });
  const speaker = await TestClient.connect(one ?? '', { userId: 'speaker' });
  await speaker.subscribeToChannel('hall');
  await crowd.arrive();
  expect((await nodes[2]?.getMetrics())?.activeConnections).toBe(PEOPLE);
  const before = crowd.figures();
  speaker.sdk.presence.watch({ channels: ['hall'] });
  await until(() => speaker.sdk.presence.count('hall') === PEOPLE + 1, 'everybody is counted', PATIENCE_MS);

  const begun = performance.now();
  await nodes[2]?.kill();
  for (let n = 1; n <= SAID; n++) await speaker.sendChannelMessage('hall', { text: `said ${n}` });
  await until(
    () => crowd.figures().online === PEOPLE && crowd.figures().lost === PEOPLE,
    'everybody is back',
    PATIENCE_MS,
  );
  const { told, failed } = crowd.figures();
  console.log(
    `all back after ${Math.round(performance.now() - begun)} ms; told to come later ${told - before.told}, tries that failed ${failed - before.failed}`,
  );
  expect(told).toBeGreaterThan(before.told);
  expect(failed - before.failed).toBe(0);
  const head = (await history(one ?? '', 'speaker', 'ch:hall')).at(-1)?.offset ?? 0;
  expect(head).toBe(SAID);
  await until(() => crowd.figures().heard === head, 'everybody has heard the last', PATIENCE_MS);
  expect(texts(speaker, 'hall')).toHaveLength(SAID);
  const loads = await Promise.all(nodes.slice(0, 2).map(async (node) => (await node.getMetrics()).activeConnections));
  expect(loads.reduce((sum, load) => sum + load, 0)).toBe(PEOPLE + 1);
  for (const load of loads) expect(load).toBeGreaterThan(PEOPLE / 4);
  crowd.leave();
  await speaker.disconnect();
}, 400_000);
