import { describe, expect, test } from 'bun:test';
import { createTestApi } from './test-api.ts';

const hui = { params: { event: 'hui' } };
const ids = (items: readonly { readonly id: string }[]) => items.map(({ id }) => id);

describe('channels', () => {
  test('of an event are listed as far as one may read them', async () => {
    const api = await createTestApi();
    expect(ids((await api.call('channels', 'ben', hui)).items)).toEqual(['general', 'news']);
    const seen = (await api.call('channels', 'aroha', hui)).items;
    expect(seen.map(({ id, joined, may_post }) => [id, joined, may_post])).toEqual([
      ['crew', true, true],
      ['general', false, true],
      ['news', false, false],
    ]);
    expect(await api.refusal('channels', 'zed', hui)).toBe('not_member');
  });

  test('made by a member are moderated by that member', async () => {
    const api = await createTestApi();
    const body = { title: 'Tuna · Eels', topic: 'All of them', visibility: 'public' } as const;
    const channel = await api.call('createChannel', 'ben', { ...hui, body });
    expect(channel).toMatchObject({ id: 'tuna-eels', joined: true, may_post: true, created_by: 'ben' });
    expect((await api.call('createChannel', 'aroha', { ...hui, body })).id).toBe('tuna-eels-2');
    const rename = { params: { channel: channel.id }, body: { title: 'Eels', archived: true } };
    expect(await api.refusal('updateChannel', 'aroha', rename)).toBe('forbidden');
    expect(await api.call('updateChannel', 'ben', rename)).toMatchObject({
      title: 'Eels',
      topic: 'All of them',
      may_post: false,
    });
    expect(await api.refusal('createChannel', 'ben', { ...hui, body: { title: 'News', visibility: 'announce' } })).toBe(
      'forbidden',
    );
  });

  test('are joined and left, except private ones, which stay unknown', async () => {
    const api = await createTestApi();
    const general = { params: { channel: 'general' } };
    expect((await api.call('join', 'ben', general)).joined).toBe(true);
    expect(ids((await api.call('channelMembers', 'aroha', general)).items.map(({ user }) => user))).toEqual(['ben']);
    await api.call('leave', 'ben', general);
    expect((await api.call('channelMembers', 'aroha', general)).items).toEqual([]);
    for (const route of ['join', 'channelMembers', 'updateChannel'] as const) {
      expect(await api.refusal(route, 'ben', { params: { channel: 'crew' }, body: {} as never })).toBe('not_found');
    }
    expect(await api.refusal('join', 'zed', general)).toBe('not_found');
  });

  test('that are private take in whom their moderator adds, at once, and drop whom the moderator removes', async () => {
    const api = await createTestApi();
    const { id } = await api.call('createChannel', 'aroha', {
      ...hui,
      body: { title: 'Quiet', visibility: 'private' },
    });
    const ben = { params: { channel: id, user: 'ben' } };
    const mayBen = () => api.directory.mayRead('ben', `ch:${id}`);
    expect(await mayBen()).toBe('not_member');
    expect(await api.refusal('addChannelMember', 'mira', ben)).toBe('not_found');
    await api.call('addChannelMember', 'aroha', ben);
    expect(await mayBen()).toBe('ok');
    expect(api.bus.published.at(-1)).toEqual({ kind: 'changed', what: 'membership', id, user: 'ben' });
    expect(await api.refusal('removeChannelMember', 'ben', { params: { channel: id, user: 'aroha' } })).toBe(
      'forbidden',
    );
    expect(await api.refusal('addChannelMember', 'ben', { params: { channel: id, user: 'mira' } })).toBe('forbidden');
    expect(await api.refusal('addChannelMember', 'aroha', { params: { channel: id, user: 'zed' } })).toBe('not_found');
    const { items } = await api.call('channelMembers', 'aroha', { params: { channel: id } });
    expect(items.map(({ user, moderates }) => [user.id, moderates])).toEqual([
      ['aroha', true],
      ['ben', undefined],
    ]);
    const moderated = async (user: string) =>
      (await api.call('channels', user, hui)).items.flatMap((channel) => (channel.may_moderate ? [channel.id] : []));
    expect([(await moderated('aroha')).includes(id), (await moderated('ben')).includes(id)]).toEqual([true, false]);
    await api.call('removeChannelMember', 'aroha', ben);
    expect(await mayBen()).toBe('not_member');
  });

  test('that are private are made known to their members alone', async () => {
    const api = await createTestApi();
    const { id } = await api.call('createChannel', 'aroha', {
      ...hui,
      body: { title: 'Quiet', visibility: 'private' },
    });
    await api.call('addChannelMember', 'aroha', { params: { channel: id, user: 'ben' } });
    await api.call('updateChannel', 'aroha', { params: { channel: id }, body: { title: 'Quieter' } });
    const about = api.bus.published.filter((record) => record.kind === 'changed' && record.id === id);
    const told = about.map((record) => (record.kind === 'changed' ? record.user : undefined));
    expect(new Set(told)).toEqual(new Set(['aroha', 'ben']));
    expect((await api.directory.channel(id))?.title).toBe('Quieter');
  });

  test('list their members in pages', async () => {
    const api = await createTestApi();
    for (const user of ['ben', 'aroha', 'mira']) await api.call('join', user, { params: { channel: 'general' } });
    const first = await api.call('channelMembers', 'ben', { params: { channel: 'general' }, query: { limit: '2' } });
    const second = await api.call('channelMembers', 'ben', {
      params: { channel: 'general' },
      query: { limit: '2', after: first.next ?? '' },
    });
    expect([...first.items, ...second.items].map(({ user }) => user.id)).toEqual(['aroha', 'ben', 'mira']);
    expect(second.next).toBeUndefined();
  });

  test('do not take people in by the hand of somebody they blocked', async () => {
    const api = await createTestApi();
    const { id } = await api.call('createChannel', 'aroha', {
      ...hui,
      body: { title: 'Quiet', visibility: 'private' },
    });
    await api.call('block', 'ben', { params: { user: 'aroha' } });
    expect(await api.refusal('addChannelMember', 'aroha', { params: { channel: id, user: 'ben' } })).toBe('blocked');
  });
});
