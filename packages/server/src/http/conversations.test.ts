import { describe, expect, test } from 'bun:test';
import { put, READS } from '../accounts/records.ts';
import { createTestApi } from './test-api.ts';

describe('conversations', () => {
  test('are the joined channels and the people one wrote with, with what was read and said last', async () => {
    const api = await createTestApi();
    await api.call('join', 'aroha', { params: { channel: 'general' } });
    await api.say('ch:general', 'ben', 'first');
    const last = await api.say('ch:general', 'ben', 'second');
    await api.react('ch:general', 'mira', last.id);
    await api.say('dm:aroha:ben', 'ben', 'psst');
    await api.store.commit([
      { changes: [put(READS, 'aroha/ch:general', { offset: 1 }), put(READS, 'ben/dm:aroha:ben', { offset: 1 })] },
    ]);
    await api.call('mute', 'aroha', { params: { log: 'dm:aroha:ben' } });
    const { items } = await api.call('conversations', 'aroha');
    expect(items).toMatchObject([
      {
        log: 'ch:general',
        state: { first: 1, head: 3 },
        read: 1,
        muted: false,
        channel: { id: 'general', joined: true },
      },
      { log: 'dm:aroha:ben', state: { head: 1 }, read: 0, muted: true, peer: { id: 'ben' }, peer_read: 1 },
    ]);
    expect(items[0]?.last?.envelope?.id).toBe(last.id);
    await api.call('unmute', 'aroha', { params: { log: 'dm:aroha:ben' } });
    expect((await api.call('conversations', 'aroha')).items[1]?.muted).toBe(false);
  });

  test('come in pages without a gap or a repeat, whatever the page size', async () => {
    const api = await createTestApi();
    for (const channel of ['general', 'news']) await api.call('join', 'aroha', { params: { channel } });
    for (const peer of ['ben', 'mira', 'owen']) await api.say(`dm:aroha:${peer}`, peer, 'hi');
    for (const limit of ['1', '2', '3', '5', '50']) {
      const logs: string[] = [];
      for (let after: string | undefined; ; ) {
        const page = await api.call('conversations', 'aroha', { query: { limit, ...(after ? { after } : {}) } });
        logs.push(...page.items.map(({ log }) => log));
        after = page.next;
        if (after === undefined) break;
      }
      expect(logs).toEqual(['ch:general', 'ch:news', 'dm:aroha:ben', 'dm:aroha:mira', 'dm:aroha:owen']);
    }
    expect(await api.refusal('conversations', 'aroha', { query: { after: '../x' } })).toBe('invalid');
  });

  test('with somebody blocked are gone, on both sides', async () => {
    const api = await createTestApi();
    await api.say('dm:aroha:ben', 'ben', 'hi');
    await api.call('block', 'aroha', { params: { user: 'ben' } });
    expect((await api.call('conversations', 'aroha')).items).toEqual([]);
    expect((await api.call('conversations', 'ben')).items).toEqual([]);
  });

  test('are muted only where one may read', async () => {
    const api = await createTestApi();
    expect(await api.refusal('mute', 'ben', { params: { log: 'ch:crew' } })).toBe('not_member');
  });
});

describe('history', () => {
  test('comes in pages as over the socket', async () => {
    const api = await createTestApi();
    const said = [];
    for (const text of ['one', 'two', 'three']) said.push(await api.say('ch:general', 'ben', text));
    const log = { params: { log: 'ch:general' } };
    const newest = await api.call('history', 'aroha', { ...log, query: { limit: '2' } });
    expect(newest).toMatchObject({ log: 'ch:general', first: 1, head: 3, has_more: true });
    expect(newest.items.map(({ envelope }) => envelope?.id)).toEqual(said.slice(1).map(({ id }) => id));
    const older = await api.call('history', 'aroha', { ...log, query: { before: '2' } });
    expect(older.items.map(({ offset }) => offset)).toEqual([1]);
    expect(await api.refusal('history', 'aroha', { ...log, query: { before: '2', after: '1' } })).toBe('invalid');
  });

  // proves AC-7
  test("of one's inbox carries the messages; another's is refused, as are others' direct messages", async () => {
    const api = await createTestApi();
    const { id } = await api.say('dm:aroha:ben', 'ben', 'psst');
    const { items } = await api.call('history', 'aroha', { params: { log: 'in:aroha' } });
    expect(items).toMatchObject([{ inbox: 1, reason: 'direct', log: 'dm:aroha:ben', offset: 1, envelope: { id } }]);
    expect(await api.refusal('history', 'aroha', { params: { log: 'in:ben' } })).toBe('forbidden');
    expect(await api.refusal('history', 'mira', { params: { log: 'dm:aroha:ben' } })).toBe('not_member');
    expect(await api.refusal('history', 'ben', { params: { log: 'ch:crew' } })).toBe('not_member');
    expect(await api.refusal('history', 'ben', { params: { log: 'nonsense' } })).toBe('not_found');
  });
});

describe('search', () => {
  test('finds in what one may read and nowhere else', async () => {
    const api = await createTestApi();
    await api.say('ch:general', 'ben', 'kererū in the garden');
    await api.say('ch:crew', 'aroha', 'kererū at the back door');
    await api.say('dm:aroha:mira', 'mira', 'kererū again');
    const found = async (user: string, query: Record<string, string> = {}) =>
      (await api.call('search', user, { query: { q: 'kereru', ...query } as never })).items
        .map(({ log }) => log)
        .sort();
    expect(await found('aroha')).toEqual(['ch:crew', 'ch:general', 'dm:aroha:mira']);
    expect(await found('ben')).toEqual(['ch:general']);
    expect(await found('zed')).toEqual([]);
    expect(await found('aroha', { log: 'ch:crew' })).toEqual(['ch:crew']);
    expect(await api.refusal('search', 'ben', { query: { q: 'kereru', log: 'ch:crew' } as never })).toBe('not_member');
  });

  test('leaves out people with a block either way', async () => {
    const api = await createTestApi();
    await api.say('ch:general', 'ben', 'kererū');
    await api.call('block', 'ben', { params: { user: 'aroha' } });
    expect((await api.call('search', 'aroha', { query: { q: 'kererū' } })).items).toEqual([]);
    expect((await api.call('search', 'mira', { query: { q: 'kererū' } })).items.length).toBe(1);
  });
});
