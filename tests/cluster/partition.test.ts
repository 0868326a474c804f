import { afterAll, beforeAll, expect, test } from 'bun:test';
import { TestClient, TestServer } from '@konferenco/testkit';
import { TcpProxy } from '@konferenco/testkit/faults';
import { freePort, type RunningProgram, startNats, startPostgres } from '@konferenco/testkit/servers';
import { until } from '../system/support/until.ts';
import { allSee, PATIENCE_MS, type View } from './support.ts';

/** Two NATS servers in one cluster; two nodes on the first, one on the second. The route between them can fail. */
let postgres: RunningProgram;
let nats: readonly RunningProgram[] = [];
let routes: readonly TcpProxy[] = [];
let nodes: readonly TestServer[] = [];
const people: TestClient[] = [];

beforeAll(async () => {
  const ports = [await freePort(), await freePort()] as const;
  routes = await Promise.all(ports.map((target) => TcpProxy.start({ target })));
  const start = (own: number, other: number) =>
    startNats({
      options: [
        ...['--server_name', `nats-${own}`, '--cluster_name', 'two', '--no_advertise'],
        ...['--cluster', `nats://127.0.0.1:${ports[own]}`, '--cluster_advertise', `127.0.0.1:${routes[own]?.port}`],
        ...['--routes', `nats://127.0.0.1:${routes[other]?.port}`],
      ],
    });
  [postgres, ...nats] = await Promise.all([startPostgres(), start(0, 1), start(1, 0)]);
  const startNode = (name: string, url: string) =>
    TestServer.start({
      storage: 'disk',
      rateLimits: false,
      env: {
        KONFERENCO_LOG_LEVEL: 'silent',
        KONFERENCO_NODE: name,
        KONFERENCO_POSTGRES_URL: postgres.url,
        KONFERENCO_NATS_URL: url,
      },
    });
  const [here = '', there = ''] = nats.map(({ url }) => url);
  nodes = [await startNode('here-1', here), await startNode('here-2', here), await startNode('there', there)];
  await until(async () => (await known(0)) === 'here-1 here-2 there', 'the nodes know each other', PATIENCE_MS);
}, 240_000);
afterAll(async () => {
  await Promise.race([Promise.all(people.map((person) => person.disconnect())), Bun.sleep(1_000)]);
  for (const node of nodes) await node.kill();
  for (const node of nodes) await node.stop();
  await Promise.all([...nats.map((server) => server.stop()), postgres.stop(), ...routes.map((route) => route.close())]);
}, 240_000);

async function view(index: number): Promise<View> {
  return (await (await fetch(`${nodes[index]?.httpUrl}/topology`)).json()) as View;
}

/** Names of the nodes that a node has heard of lately. */
async function known(index: number): Promise<string> {
  const heard = (await view(index)).nodes.filter(({ standing }) => standing !== 'suspected');
  return heard.map(({ name }) => name).join(' ');
}

async function person(userId: string, index: number): Promise<TestClient> {
  const one = await TestClient.connect(nodes[index]?.url ?? '', { userId });
  people.push(one);
  await one.subscribeToChannel('hall');
  return one;
}

const hears = (listener: TestClient, speaker: TestClient) =>
  until(
    () => {
      speaker.sdk.channel('hall').typing();
      return listener.sdk.channel('hall').state().typing.includes(speaker.userId);
    },
    `${listener.userId} sees ${speaker.userId} typing`,
    PATIENCE_MS,
  );

// proves CN-12, CN-19
test('in a partition between the servers of NATS each side goes on live, what is stored reaches both, and it heals by itself', async () => {
  const [mere, hone, rua] = [await person('mere', 0), await person('hone', 1), await person('rua', 2)];
  await hears(rua, mere);
  for (const route of routes) {
    route.refuse();
    route.cut();
  }
  await until(
    async () => (await known(0)) === 'here-1 here-2' && (await known(2)) === 'there',
    'two sides',
    PATIENCE_MS,
  );
  const isTyping = () => rua.sdk.channel('hall').state().typing.includes('mere');
  await until(() => !isTyping(), 'the last sign of typing has lapsed', PATIENCE_MS);
  await hears(hone, mere);
  expect(isTyping()).toBe(false);

  const said: string[] = [];
  for (const speaker of [mere, rua, hone, rua]) {
    const text = `${speaker.userId} ${said.length}`;
    await speaker.sendChannelMessage('hall', { text });
    said.push(text);
  }
  await allSee(people, 'hall', said);
  expect((await view(2)).parts.find(({ name }) => name === 'nats')?.state).toBe('working');

  for (const route of routes) route.heal();
  await until(
    async () => (await known(0)) === 'here-1 here-2 there' && (await known(2)) === 'here-1 here-2 there',
    'the sides have found together',
    PATIENCE_MS,
  );
  await hears(rua, mere);
  await rua.sendChannelMessage('hall', { text: 'together' });
  await allSee(people, 'hall', [...said, 'together']);
}, 300_000);
