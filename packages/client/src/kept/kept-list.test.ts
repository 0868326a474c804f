import { describe, expect, test } from 'bun:test';
import { CLOSE_CODES, type ConversationInfo, type Tokens } from '@konferenco/protocol';
import { memoryTokens } from '../storage/memory.ts';
import { memoryStore } from '../storage/memory-store.ts';
import { type Fixture, fixture, texts } from '../testing/fixture.ts';
import { settle } from '../testing/virtual-clock.ts';

const TOKENS: Tokens = {
  access_token: 'a',
  expires_at: Number.MAX_SAFE_INTEGER,
  refresh_token: 'r',
  user: { id: 'mere', name: 'Mere' },
  device_id: 'mere-phone',
};

/** A signed-in device with a hall of five messages, of which two are read, and a conversation with Ana. */
async function listed() {
  const store = memoryStore();
  const tokens = memoryTokens();
  await tokens.save(TOKENS);
  const list: Partial<ConversationInfo>[] = [];
  const answers: Record<string, unknown> = {
    '/api/connect': { url: '/ws', ticket: 'T', expires_at: 0 },
    '/api/me': { user: TOKENS.user, events: [], blocked: [] },
    '/api/conversations': { items: list },
    '/api/users/ben': { id: 'ben', name: 'Ben Te Aho' },
  };
  const fetch = (async (input: string) => Response.json(answers[new URL(input).pathname] ?? {})) as never;
  const signedIn = { demoUser: undefined as never, tokens, store };
  const all = fixture(signedIn, { fetch });
  for (let i = 1; i <= 5; i++) all.server.store('ch:hall', all.from('ana', `m${i}`));
  const said = all.server.store('dm:ana:mere', all.from('ana', 'psst', 'dm:ana:mere'));
  list.push(
    { log: 'ch:hall', state: { first: 1, head: 5 }, read: 2, muted: false },
    {
      log: 'dm:ana:mere',
      state: { first: 1, head: 1 },
      read: 0,
      muted: false,
      last: said,
      peer: { id: 'ana', name: 'Ana Ruru' },
    },
  );
  await all.connect();
  await serve(all);
  await all.client.rest('user', { params: { user: 'ben' } });
  all.server.say('ch:hall', all.from('ana', 'm6'));
  await serve(all);
  const offline = () => {
    const noNetwork = (() => Promise.reject(new TypeError('no network'))) as never;
    return fixture(signedIn, { fetch: noNetwork }, { clock: all.clock, server: all.server });
  };
  return { ...all, store, tokens, offline };
}

async function serve({ clock, server }: Pick<Fixture, 'clock' | 'server'>): Promise<void> {
  for (let turn = 0; turn < 5; turn++) {
    await clock.pass(500);
    await server.flush();
  }
}

describe('the conversation list without a network', () => {
  // proves CL-16
  test('is there with previews, unread counts and names once the device’s data is loaded', async () => {
    const before = await listed();
    await before.server.cut();
    const { client } = before.offline();
    expect(await client.restore()).toEqual(TOKENS.user);
    const lines = client.conversations
      .state()
      .items.map(({ log, unread, preview }) => ({ log, unread, text: preview?.text }));
    expect(lines).toEqual([
      { log: 'ch:hall', unread: 4, text: 'm6' },
      { log: 'dm:ana:mere', unread: 1, text: 'psst' },
    ]);
    expect(['ana', 'ben', 'mere'].map((id) => client.people.get(id)?.name)).toEqual(['Ana Ruru', 'Ben Te Aho', 'Mere']);
    const hall = client.channel('hall');
    await hall.open();
    expect(texts(hall.state()).at(-1)).toBe('m6');
  });

  // proves CL-31
  test('shows the own message that waits in its conversation, which stands first by it, until it is sent', async () => {
    const before = await listed();
    await before.server.cut();
    await before.clock.pass(60_000);
    const lines = ({ client }: Pick<Fixture, 'client'>) =>
      client.conversations
        .state()
        .items.map(({ log, preview }) => ({ log, text: preview?.text, state: preview?.state }));
    const offline = before.offline();
    await offline.client.restore();
    const ana = offline.client.direct('ana');
    ana.send('on my way').catch(() => {});
    await settle();
    const [hall, waiting] = [
      { log: 'ch:hall', text: 'm6', state: undefined },
      { log: 'dm:ana:mere', text: 'on my way', state: 'queued' as const },
    ];
    expect(lines(offline)).toEqual([waiting, hall]);
    const restarted = before.offline();
    await restarted.client.restore();
    await restarted.client.ready;
    expect(lines(restarted)).toEqual([waiting, hall]);
    // A reply in a thread is no line of the list.
    restarted.client
      .channel('hall')
      .send('within', { thread: 'root' })
      .catch(() => {});
    await settle();
    expect(lines(restarted)).toEqual([waiting, hall]);
    restarted.client
      .direct('ana')
      .discard((restarted.client.direct('ana').state().timeline.at(-1) as { id: string }).id);
    await settle();
    expect(lines(restarted)).toEqual([hall, { ...waiting, text: 'psst', state: undefined }]);
  });

  // proves CL-31
  test('once a message is stored shows it as any other', async () => {
    const { client, server } = await listed();
    client
      .direct('ana')
      .send('there')
      .catch(() => {});
    await server.flush();
    const [first] = client.conversations.state().items;
    expect([first?.preview?.text, first?.preview?.state]).toEqual(['there', undefined]);
  });
});

describe('a sign-in that the server ended', () => {
  // proves CL-23
  test('leaves on the device only what is unsent, for the same person', async () => {
    const before = await listed();
    await before.server.cut();
    before.client
      .channel('hall')
      .send('unsent')
      .catch(() => {});
    await settle();
    const connections = before.server.connections.length;
    for (let tries = 0; before.server.connections.length === connections && tries < 50; tries++)
      await before.clock.pass(1_000);
    await before.server.cut(CLOSE_CODES.token_revoked.code);
    await settle();
    const rows = async (table: 'outbox' | 'entries' | 'logs' | 'people') =>
      (await before.store.list(table, { prefix: '', limit: 99 })).length;
    expect([await rows('entries'), await rows('logs'), await rows('people')]).toEqual([0, 0, 0]);
    expect(await rows('outbox')).toBe(1);
    await before.tokens.save(TOKENS);
    const again = before.offline();
    await again.client.restore();
    expect(again.client.waiting).toBe(1);
    await before.tokens.save({ ...TOKENS, user: { id: 'ben', name: 'Ben' } });
    const other = before.offline();
    await other.client.restore();
    expect(other.client.waiting).toBe(0);
    expect(await rows('outbox')).toBe(0);
  });
});
