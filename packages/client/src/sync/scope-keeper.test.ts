import { beforeAll, expect, test } from 'bun:test';
import { memoryStore } from '../storage/memory-store.ts';
import { deafTabs, type ModelDevice, ReplicaWorld, seededRandom } from '../testing/replica-world.ts';
import { saidBy } from '../testing/said-by.ts';

beforeAll(() => import('./open-replicated.ts'));

const START = 1_900_000_800_000;
const SESSIONS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
const titles = ({ client }: ModelDevice) =>
  client
    .programme('conf')
    .state()
    .sessions.map(({ id, title }) => `${id} ${title}`);

/** Two tabs over one store, of which each may be cut off, killed and started again while the programme changes. */
async function run(seed: number) {
  const random = seededRandom(seed);
  const world = new ReplicaWorld(seed, { latency: () => 1 + Math.floor(random() * 200) });
  const { clock, server } = world;
  const organiser = saidBy('organiser', clock);
  let count = 0;
  const change = (id: string) =>
    server.publish(
      organiser.schedule('conf', 'session_change', {
        session: id,
        set: { title: `${++count}`, starts_at: START, ends_at: START + 1 },
      }),
    );
  for (const id of SESSIONS) change(id);
  const store = memoryStore();
  const pause = () => new Promise<void>((resolve) => clock.after(Math.floor(random() * 30), resolve));
  const shared = { store, pause, tabs: deafTabs };
  const tabs = [await world.device('mere', shared), await world.device('mere', shared)];
  for (const { client } of tabs) client.programme('conf');
  await world.pass(2_000);
  for (let step = 0; step < 150; step++) {
    const tab = tabs[Math.floor(random() * 2)] as ModelDevice;
    const dice = random();
    if (dice < 0.7) change(SESSIONS[Math.floor(random() * SESSIONS.length)] as string);
    else if (!tab.isRunning) {
      await tab.start();
      tab.client.programme('conf');
    } else if (dice < 0.72) tab.kill();
    else if (!tab.isOnline || dice < 0.74) await tab.network(!tab.isOnline);
    await world.pass(Math.floor(random() * 60));
  }
  for (const tab of tabs) tab.kill();
  const [left, fresh] = [await world.device('mere', { store }), await world.device('ben')];
  for (const { client } of [left, fresh]) client.programme('conf');
  await world.pass(5_000);
  return { left: titles(left), fresh: titles(fresh) };
}

// proves RP-1
test('whatever two tabs over one store do and whenever they are killed, the next program comes up to date', async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const { left, fresh } = await run(seed);
    expect({ seed, titles: left }).toEqual({ seed, titles: fresh });
    expect(left).toHaveLength(SESSIONS.length);
  }
}, 240_000);

// proves RP-1
test('a tab keeps every page of the snapshot it took, for a program that starts without a network', async () => {
  const world = new ReplicaWorld(1, { latency: () => 100 });
  const organiser = saidBy('organiser', world.clock);
  const sessions = Array.from({ length: 250 }, (_, index) => `s${1_000 + index}`);
  for (const session of sessions) {
    const set = { title: 'here', starts_at: START, ends_at: START + 1 };
    world.server.publish(organiser.schedule('conf', 'session_change', { session, set }));
  }
  const store = memoryStore();
  const pause = () => new Promise<void>((resolve) => world.clock.after(250, resolve));
  const first = await world.device('mere', { store, pause, tabs: deafTabs });
  first.client.programme('conf');
  await world.pass(5_000);
  first.kill();
  const next = await world.device('mere', { store, tabs: deafTabs, isOnline: false });
  next.client.programme('conf');
  await world.pass(5_000);
  expect(titles(next)).toEqual(sessions.map((id) => `${id} here`));
});
