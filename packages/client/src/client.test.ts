import { expect, test } from 'bun:test';
import { fixture, texts } from './testing/fixture.ts';
import { settle } from './testing/virtual-clock.ts';

test('a message is queued offline, goes out on connecting and resolves with its place on the server', async () => {
  const { client, server, connect } = fixture();
  const hall = client.channel('hall');
  const states: string[] = [];
  const sending = hall.send('kia ora', { onState: (state) => states.push(state) });
  expect(client.waiting).toBe(1);
  expect(texts(hall.state())).toEqual(['kia ora']);
  await connect();
  const receipt = await sending;
  expect(receipt).toMatchObject({ log: 'ch:hall', offset: 1 });
  expect(server.log('ch:hall').items).toHaveLength(1);
  expect(states).toEqual(['saving', 'queued', 'sent', 'stored']);
  expect(client.waiting).toBe(0);
});

test('opening a conversation loads its newest page and follows it live', async () => {
  const { client, server, connect, from } = fixture();
  for (let i = 1; i <= 120; i++) server.store('ch:hall', from('ana', `m${i}`));
  await connect();
  const hall = client.channel('hall');
  const opening = hall.open();
  expect(hall.state().loading).toBe(true);
  await server.flush();
  await opening;
  expect(texts(hall.state())).toEqual(Array.from({ length: 50 }, (_, i) => `m${71 + i}`));
  expect(hall.state()).toMatchObject({ has_older: true, loading: false });
  server.say('ch:hall', from('ana', 'live'));
  await server.flush();
  expect(texts(hall.state()).at(-1)).toBe('live');
  const older = hall.loadOlder();
  await server.flush();
  await older;
  const oldest = hall.loadOlder();
  await server.flush();
  await oldest;
  expect(texts(hall.state())).toHaveLength(121);
  expect(hall.state().has_older).toBe(false);
});

test('the bare-name sign-in opens the socket of the same host with the name as token', async () => {
  const { server, connect, client } = fixture();
  await connect();
  expect(server.wires.url).toBe('ws://server.test/ws?token=mere');
  expect(client.link).toEqual({ kind: 'online' });
  await settle();
});

test('closing sends what waits, and leaves nothing running that would keep a program alive', async () => {
  const { client, server, connect, clock } = fixture();
  await connect();
  const hall = client.channel('hall');
  const opening = hall.open();
  await server.flush();
  await opening;
  hall.typing();
  client.presence.watch({ users: ['ana'] });
  const sending = hall.send('last words');
  const closing = client.close();
  await server.flush();
  await closing;
  expect(await sending).toMatchObject({ offset: 1 });
  expect(client.link.kind).toBe('closed');
  expect(clock.pending).toBe(0);
});
