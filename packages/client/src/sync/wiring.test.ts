import { beforeAll, expect, test } from 'bun:test';
import type { Envelope } from '@konferenco/protocol';
import { memoryStore } from '../storage/memory-store.ts';
import type { TabHost } from '../tabs/types.ts';
import { fixture, texts } from '../testing/fixture.ts';
import { ReplicaWorld } from '../testing/replica-world.ts';
import { settle } from '../testing/virtual-clock.ts';

beforeAll(() => import('./open-replicated.ts'));

// proves RP-8
test('a block made offline hides at once, and is still there after a restart', async () => {
  const store = memoryStore();
  const { client, connect, server, from, clock } = fixture({ store });
  await connect();
  const hall = client.channel('hall');
  const opened = hall.open();
  await server.flush();
  await opened;
  server.say('ch:hall', from('ana', 'I am ana'));
  server.say('ch:hall', from('ben', 'I am ben'));
  await server.flush();
  await server.cut();
  await client.own.setBlocked('ben', true);
  expect(texts(hall.state())).toEqual(['I am ana']);
  await clock.pass(1_000);
  await client.close();
  const again = fixture({ store }, {}, { clock, server });
  void again.client.connect();
  await settle();
  await clock.pass(100);
  expect(again.client.own.state().blocked).toEqual(['ben']);
});

// proves RP-8
test('a channel joined offline is in the conversation list, and one that was left is not', async () => {
  const world = new ReplicaWorld(1);
  const mere = await world.device('mere');
  await world.pass(2_000);
  const listed = () => mere.client.conversations.state().items.map(({ log }) => log);
  await mere.network(false);
  await mere.client.own.joinChannel('soil');
  expect(listed()).toEqual(['ch:soil']);
  await mere.client.own.leaveChannel('soil');
  expect(listed()).toEqual([]);
  await mere.client.own.joinChannel('bees');
  world.server.refuse = () => 'forbidden';
  await mere.network(true);
  await world.pass(30_000);
  expect(listed()).toEqual([]);
});

// proves RP-8
test('what is one’s own state is no message', async () => {
  const world = new ReplicaWorld(1);
  const phone = await world.device('mere');
  const laptop = await world.device('mere');
  const messages: unknown[] = [];
  laptop.client.on('message', (message) => messages.push(message));
  await world.pass(2_000);
  await phone.client.own.setSetting('theme', 'dark');
  await world.pass(2_000);
  expect(laptop.client.own.state().settings).toEqual({ theme: 'dark' });
  expect(messages).toEqual([]);
});

test('before anybody is signed in states are empty, and calls say why they fail', async () => {
  const { client } = fixture({ demoUser: '' });
  expect(client.meetings.state()).toEqual({ items: [], ready: false });
  expect(client.programme('conf').state()).toEqual({ sessions: [], notices: [], ready: false });
  expect(client.programme('conf')).toBe(client.programme('conf'));
  await expect(client.own.setBlocked('ben', true)).rejects.toMatchObject({ error: 'not_signed_in' });
});

test('a call that waits for what is kept here ends with signing out', async () => {
  const { client } = fixture();
  const waiting = client.own.setBlocked('ben', true);
  void client.signOut();
  await expect(waiting).rejects.toMatchObject({ error: 'not_signed_in' });
});

test('waiting operations are counted with the messages', async () => {
  const world = new ReplicaWorld(1);
  const mere = await world.device('mere', { isOnline: false });
  let changes = 0;
  mere.client.sync.subscribe(() => changes++);
  await mere.client.own.setSetting('theme', 'dark');
  expect(mere.client.sync.state().waiting).toBe(1);
  expect(changes).toBeGreaterThan(0);
  await mere.network(true);
  await world.pass(30_000);
  expect(mere.client.sync.state()).toMatchObject({ waiting: 0, scopes: [{ namespace: 'personal', documents: 1 }] });
});

// proves RP-8
test('what another tab does without a network is shown here too, and taken back when it is dropped there', async () => {
  const tabs: TabHost[] = [];
  const { client, clock } = fixture({
    tabs: (host) => {
      tabs.push(host);
      return {
        openSocket: host.environment.openSocket,
        outbox: (store) => store,
        ...{
          tell: () => {},
          discard: () => {},
          waiting: 0,
          reword: () => false,
          noteConflicts: () => {},
          signedOut: () => {},
          close: () => {},
        },
      };
    },
  });
  void client.connect();
  await clock.pass(100);
  const payload = { on: 'blocked', op: 'add', element: 'ben', dot: 'other:1', at: clock.now() * 256 };
  const envelope: Envelope = {
    ...{ id: '019b2d3e-0000-7000-8000-000000000001', type: 'state', subtype: 'operation', timestamp: clock.now() },
    ...{ from: { user_id: 'mere' }, to: { type: 'user', id: 'mere' }, payload },
  };
  const entry = { id: envelope.id, log: 'me:mere', envelope: JSON.stringify(envelope), created_at: clock.now() };
  const conflicts: unknown[] = [];
  client.on('conflict', (conflict) => conflicts.push(conflict));
  tabs[0]?.news({ kind: 'queued', entry });
  expect(client.own.state().blocked).toEqual(['ben']);
  // It is the other tab's to send: here a change of mind is an operation of its own.
  await client.own.setBlocked('ben', false);
  expect(client.waiting).toBe(1);
  await client.own.setBlocked('ben', true);
  expect(client.waiting).toBe(0);
  tabs[0]?.news({ kind: 'failed', entry, error: { code: 2100, error: 'forbidden', message: 'no' } });
  expect(client.own.state().blocked).toEqual([]);
  expect(conflicts).toEqual([]);
});
