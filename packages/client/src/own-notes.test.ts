import { expect, test } from 'bun:test';
import type { Envelope } from '@konferenco/protocol';
import { memoryStore } from './storage/memory-store.ts';
import { fixture, texts } from './testing/fixture.ts';
import { settle } from './testing/virtual-clock.ts';

const NOTES = 'dm:mere:mere';

/** Where Mere was, among her notes. */
function here(note: Envelope, id: string): Envelope {
  return { ...note, id, type: 'location', subtype: 'position_update', payload: { lat: -41.29, lng: 174.78 } };
}

// proves PO-8
test('among notes to oneself positions are neither shown nor counted, nor when they have expired', async () => {
  const { client, server, connect, from } = fixture();
  const note = from('mere', 'buy rope', NOTES);
  server.store(NOTES, note);
  for (let i = 0; i < 1_100; i++) server.store(NOTES, here(note, from('mere', '', NOTES).id));
  server.log(NOTES).items.push({ offset: 1_102, at: 1, gone: 'expired', id: from('mere', '', NOTES).id });
  await connect();
  const notes = client.direct('mere');
  const opening = notes.open();
  await server.flush();
  await opening;
  expect(notes.state()).toMatchObject({ has_older: true, unread: 0 });
  const older = notes.loadOlder();
  await server.flush();
  await older;
  expect(notes.state()).toMatchObject({ unread: 0, mentions: 0 });
  expect(texts(notes.state())).toEqual(['buy rope']);
});

// proves PO-8
test('a position is not kept on the device, where nobody could erase it', async () => {
  const store = memoryStore();
  const { client, server, connect, from } = fixture({ store });
  const note = from('mere', 'buy rope', NOTES);
  server.store(NOTES, note);
  server.store(NOTES, here(note, from('mere', '', NOTES).id));
  await connect();
  const opening = client.direct('mere').open();
  await server.flush();
  await opening;
  await client.close();
  await settle();
  const kept = JSON.stringify(await store.list('entries', { prefix: '', limit: 100 }));
  expect(kept).toContain('buy rope');
  expect(kept).not.toContain('174.78');
});

test('what is published at once is answered or refused, and never waits', async () => {
  const { client, server, connect } = fixture();
  const said = {
    type: 'location',
    subtype: 'position_update',
    to: { type: 'user' as const, id: 'mere' },
    payload: { zone: 'hall' },
  };
  expect(await client.publish(said).catch((error: unknown) => error)).toMatchObject({ error: 'disconnected' });
  const connecting = connect();
  await settle();
  // The hello is not answered yet.
  const early = client.publish(said).catch((error: unknown) => error);
  await connecting;
  expect(await early).toMatchObject({ error: 'disconnected' });
  const publishing = client.publish(said);
  await server.flush();
  const { id } = await publishing;
  expect(server.framesOf('publish').map(({ envelope }) => envelope)).toMatchObject([{ ...said, id }]);
  const lost = client.publish(said).catch((error: unknown) => error);
  await server.cut();
  expect(await lost).toMatchObject({ error: 'disconnected' });
  expect(client.waiting).toBe(0);
});
