import { expect, test } from 'bun:test';
import { memoryStore } from '../storage/memory-store.ts';
import { memoryTokens } from '../storage/memory.ts';
import { fixture, texts } from '../testing/fixture.ts';

const TOKENS = {
  access_token: 'a',
  expires_at: Number.MAX_SAFE_INTEGER,
  refresh_token: 'r',
  user: { id: 'mere', name: 'Mere' },
  device_id: 'mere-phone',
};

test('a program without a store talks as any other, and keeps nothing', async () => {
  const { client, connect, server, from, clock } = fixture();
  await connect();
  const hall = client.channel('hall');
  const opening = hall.open();
  await server.flush();
  await opening;
  server.say('ch:hall', from('ana', 'm1'));
  const sending = hall.send('m2');
  await server.flush();
  await sending;
  client.people.learn([{ id: 'ana', name: 'Ana' }]);
  expect(texts(hall.state())).toEqual(['m1', 'm2']);
  expect(client.people.all()).toEqual([]);
  expect(await client.usage()).toMatchObject({ kind: 'memory', entries: 0, entry_bytes: 0 });
  await server.cut();
  await clock.pass(1_000);
  expect(texts(hall.state())).toEqual(['m1', 'm2']);
  await client.close();
});

test('names are told to who listened before the device’s data was loaded', async () => {
  const store = memoryStore();
  await store.write([
    { table: 'meta', key: 'person', value: 'mere' },
    { table: 'people', key: 'ana', value: { user: { id: 'ana', name: 'Ana' }, seen_at: 1 } },
  ]);
  const { client } = fixture({ store });
  const seen: string[] = [];
  client.people.subscribe(() => seen.push(...client.people.all().map(({ name }) => name)));
  await client.restore();
  expect(seen).toEqual(['Ana']);
});

// proves CL-24
test('signing out empties a store that was never opened', async () => {
  const store = memoryStore();
  await store.write([{ table: 'people', key: 'ana', value: { user: { id: 'ana', name: 'Ana' }, seen_at: 1 } }]);
  const tokens = memoryTokens();
  await tokens.save(TOKENS);
  const { client } = fixture({ store, tokens });
  await client.signOut();
  expect(await store.list('people', { prefix: '', limit: 9 })).toEqual([]);
});
