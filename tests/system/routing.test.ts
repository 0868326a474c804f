import { afterAll, beforeAll, expect, test } from 'bun:test';
import { type Client, createClient } from '@konferenco/client';
import { createSystem, type ListeningNode, startNode } from './support/nodes.ts';
import { until } from './support/until.ts';

const PEOPLE = 30;
const system = createSystem();
let nodes: ListeningNode[];
let people: Client[];

/** Everybody talks to the first node when there is something to ask; sockets go where it says. */
beforeAll(async () => {
  nodes = await Promise.all(['one', 'two', 'three'].map((name) => startNode(name, system)));
  await until(() => nodes[0]?.cluster.nodes().length === 3, 'the nodes know each other');
  people = Array.from({ length: PEOPLE }, () => createClient({ url: nodes[0]?.url ?? '' }));
  await Promise.all(people.map((client, index) => client.signIn({ name: `Person ${index}` })));
  await Promise.all(people.map((client) => client.connect()));
});

afterAll(async () => {
  await Promise.all(people.map((client) => client.close()));
  await Promise.all(nodes.map((node) => node.close()));
  await system.store.close();
});

const loads = () => nodes.map(({ node }) => node.gateway.connections);
const areAllOnline = () => people.every(({ link }) => link.kind === 'online');

// proves CN-4, CN-9, CN-15
test('people who ask at one node have their sockets at all of them', () => {
  expect(loads().reduce((sum, load) => sum + load, 0)).toBe(PEOPLE);
  for (const load of loads()) expect(load).toBeGreaterThan(0);
});

// proves CN-9, CN-11
test('people of a node that is drained go on at the others', async () => {
  const [, two, three] = nodes;
  expect(await three?.cluster.drain('upgrade', 2_000)).toBe(true);
  await until(() => areAllOnline() && loads()[2] === 0, 'everybody is elsewhere');
  const seen = () => two?.cluster.nodes().find(({ report }) => report.name === 'three')?.standing;
  await until(() => seen() === 'draining', 'the others know');
  three?.cluster.cancelDrain();
  await until(() => seen() === 'open', 'the others know again');
}, 240_000);

// proves CN-9, CN-14
test('people of a node that died without a word go on at the others, and lose nothing', async () => {
  const [speaker, ...others] = people;
  const halls = others.map((client) => client.channel('hall'));
  await Promise.all(halls.map((hall) => hall.open()));
  const hasHeard = (hall: (typeof halls)[number]) =>
    hall.state().timeline.some((entry) => entry.kind === 'message' && entry.text === 'still here');
  const there = loads()[1] ?? 0;
  await nodes[1]?.die();
  await speaker?.channel('hall').send('still here');
  await until(() => halls.every(hasHeard), 'everybody heard it', 30_000);
  expect(there).toBeGreaterThan(0);
  await until(areAllOnline, 'everybody is online');
}, 240_000);
