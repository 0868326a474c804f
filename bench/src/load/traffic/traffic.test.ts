import { afterAll, beforeAll, expect, test } from 'bun:test';
import { resolve } from 'node:path';
import { type Address, type Connection, createConnector } from '../connection.ts';
import { Crowd } from '../crowd.ts';
import { Group } from '../group.ts';
import { settled } from '../pace.ts';
import { closeConnections, openConnections } from '../pool.ts';
import { rawWire } from '../wires/raw.ts';
import { saturateFanOut, timeFanOut } from './fan-out.ts';
import { listen, talk } from './model.ts';
import { meet } from './meeting.ts';
import { saturateRelay, timeRelay } from './relay.ts';

const PEER = resolve(import.meta.dir, '../../peers/bare-bun.ts');
const MEMBERS = 20;
let child: Bun.Subprocess<'ignore', 'pipe', 'inherit'>;
let address: Address;

beforeAll(async () => {
  child = Bun.spawn([process.execPath, PEER], { stdout: 'pipe', stderr: 'inherit' });
  for await (const chunk of child.stdout) {
    address = { host: '127.0.0.1', port: Number(/\d+/.exec(new TextDecoder().decode(chunk))?.[0]) };
    break;
  }
});

afterAll(async () => {
  child.kill();
  await child.exited;
});

async function members(channel: string | null, count = MEMBERS, prefix = `${channel}-`): Promise<Group> {
  const group = new Group(rawWire, channel);
  expect(await openConnections(group, address, { count, concurrency: 4, prefix })).toMatchObject({
    opened: count,
    failed: 0,
  });
  return group;
}

const publisher = (): Promise<Connection> => createConnector(address)(new Group(rawWire, null), 0, 'publisher');

test('every delivery at saturation is counted, at every member', async () => {
  const group = await members('saturated');
  const result = await saturateFanOut(group, await publisher(), { channel: 'saturated', size: 50, ms: 20, window: 4 });
  expect(result).toMatchObject({ deliveries: result.publications * MEMBERS, missing: 0, bytes_per_delivery: 50 });
  for (const { received } of group.connections) expect(received).toBe(result.publications);
});

test('each publication has one first and one last delivery', async () => {
  const group = await members('timed');
  const result = await timeFanOut(group, await publisher(), { channel: 'timed', size: 50, count: 5, per_s: 200 });
  expect(result).toMatchObject({ missing: 0, first: { count: 5 }, last: { count: 5 } });
  expect(result.last.min).toBeGreaterThanOrEqual(result.first.min);
});

test('pairs talk to each other only, at saturation and on schedule', async () => {
  const senders = await members(null, 5, 'sender');
  const receivers = await members(null, 5, 'receiver');
  const full = await saturateRelay({ senders, receivers }, { size: 50, ms: 20, window: 3 });
  expect(full.missing).toBe(0);
  const timed = await timeRelay({ senders, receivers }, 50, { per_s: 1000, ms: 50 });
  expect(timed).toMatchObject({ sent: 50, missing: 0, latency: { count: 50 } });
  expect(senders.connections.every(({ received }) => received === 0)).toBe(true);
});

test('in a meeting everyone receives everything', async () => {
  const group = await members('meeting');
  const result = await meet(group, { channel: 'meeting', size: 24, ms: 50, every_ms: 100 });
  expect(result).toMatchObject({ posts: 10, deliveries: 10 * MEMBERS, skipped: 0, missing: 0 });
});

test('in a crowd every message comes to the members of its channel, in whichever process they are', async () => {
  const plan = { people: 40, subscriptions: 1, members: 10 };
  const halves = await Promise.all(
    [0, 20].map(async (from) => {
      const crowd = new Crowd({ ...plan, from });
      const group = new Group(rawWire, null, crowd);
      await openConnections(group, address, { count: 20, concurrency: 4, prefix: 'person', from });
      return { group, crowd, heard: listen(group) };
    }),
  );
  const talking = { messages_per_s: 500, presences_per_s: 0, ms: 40, size: 50 };
  const said = await Promise.all(halves.map(({ group, crowd }) => talk(group, crowd, 1, talking)));
  expect(said.map(({ messages }) => messages)).toEqual([20, 20]);
  const deliveries = () => halves.reduce((sum, { heard }) => sum + heard().deliveries, 0);
  expect(await settled(() => deliveries() >= 400, 5000)).toBe(true);
  expect(deliveries()).toBe(400);
  for (const { group } of halves) for (const { received } of group.connections) expect(received).toBe(10);
});

test('closing waits for the last connection, and none counts as dropped', async () => {
  const group = await members('leaving');
  const [first] = group.connections;
  await closeConnections(group, 'clean');
  expect(group.connections).toHaveLength(0);
  expect(first?.isOpen).toBe(false);
  expect(group.counters.dropped).toBe(0);
});

test('a connection the server refuses is a failure with its reason', async () => {
  const group = new Group({ ...rawWire, upgrade: () => ({ path: '/ws' }) }, null);
  const opened = await openConnections(group, address, { count: 2, concurrency: 2, prefix: 'nobody' });
  expect(opened).toMatchObject({ opened: 0, failed: 2, reasons: ['upgrade refused: HTTP/1.1 401 Unauthorized'] });
});
