import { describe, expect, test } from 'bun:test';
import { createTestApi } from './test-api.ts';

const member = (user: string) => ({ params: { event: 'hui', user } });

describe('events', () => {
  test('are shown to members, not to strangers', async () => {
    const api = await createTestApi();
    const { event, sessions } = await api.call('event', 'aroha', { params: { event: 'hui' } });
    expect(event).toMatchObject({ id: 'hui', title: 'Hui', role: 'attendee', time_zone: 'Pacific/Auckland' });
    expect(sessions).toEqual([]);
    expect(await api.refusal('event', 'zed', { params: { event: 'hui' } })).toBe('not_member');
    expect(await api.refusal('members', 'zed', { params: { event: 'hui' } })).toBe('not_member');
    expect(await api.refusal('event', 'aroha', { params: { event: 'nothing' } })).toBe('not_found');
  });

  test('list members by name in pages, found by the beginning of it without macrons', async () => {
    const api = await createTestApi();
    const { code } = await api.call('createInvite', 'owen', { params: { event: 'hui' }, body: {} });
    for (const name of ['Hēmi', 'Āwhina', 'Hemi Two']) await api.call('signIn', null, { body: { name, invite: code } });
    const names = async (query: Record<string, string>) => {
      const page = await api.call('members', 'aroha', { params: { event: 'hui' }, query });
      return { names: page.items.map(({ user }) => user.name), next: page.next };
    };
    expect((await names({ q: 'hemi' })).names).toEqual(['Hēmi', 'Hemi Two']);
    expect((await names({ q: 'awh' })).names).toEqual(['Āwhina']);
    const first = await names({ limit: '2' });
    const second = await names({ limit: '2', after: first.next ?? '' });
    expect([...first.names, ...second.names]).toEqual(['Āwhina', 'Hēmi', 'Hemi Two']);
    expect(second.next).toBeUndefined();
  });
});

describe('roles', () => {
  // proves AC-6
  test('are changed by owners; moderators cannot', async () => {
    const api = await createTestApi();
    const body = { role: 'speaker' } as const;
    expect(await api.refusal('setRole', 'mira', { ...member('ben'), body })).toBe('forbidden');
    expect(await api.refusal('setRole', 'ben', { ...member('ben'), body: { role: 'owner' } })).toBe('forbidden');
    expect(await api.call('setRole', 'owen', { ...member('ben'), body })).toMatchObject({ role: 'speaker' });
    expect((await api.call('event', 'ben', { params: { event: 'hui' } })).event.role).toBe('speaker');
  });

  test('leave an event with an owner', async () => {
    const api = await createTestApi();
    expect(await api.refusal('setRole', 'owen', { ...member('owen'), body: { role: 'attendee' } })).toBe('conflict');
    expect(await api.refusal('ban', 'owen', member('owen'))).toBe('conflict');
    await api.call('setRole', 'owen', { ...member('mira'), body: { role: 'owner' } });
    expect(await api.refusal('ban', 'owen', member('owen'))).toBe('ok');
  });
});

describe('bans', () => {
  // proves GW-9
  test('take effect at once, end connections, and outlast leaving and invitations', async () => {
    const api = await createTestApi();
    const body = { role: 'speaker' } as const;
    const { code } = await api.call('createInvite', 'owen', { params: { event: 'hui' }, body });
    expect(await api.refusal('history', 'aroha', { params: { log: 'ch:crew' } })).toBe('ok');
    await api.call('ban', 'mira', member('aroha'));
    expect(api.bus.published).toContainEqual({ kind: 'revoked', user: 'aroha', reason: 'banned' });
    expect(await api.refusal('history', 'aroha', { params: { log: 'ch:crew' } })).toBe('banned');
    expect(await api.refusal('event', 'aroha', { params: { event: 'hui' } })).toBe('banned');
    expect(await api.refusal('acceptInvite', 'aroha', { params: { code } })).toBe('banned');
    expect(await api.refusal('ban', 'aroha', member('aroha'))).toBe('banned');
    expect((await api.call('invite', null, { params: { code } })).uses_left).toBe(25);
  });

  test('reach nobody of the same role or a higher one', async () => {
    const api = await createTestApi();
    expect(await api.refusal('ban', 'mira', member('owen'))).toBe('forbidden');
    expect(await api.refusal('ban', 'sefa', member('ben'))).toBe('forbidden');
    await api.call('setRole', 'owen', { ...member('sefa'), body: { role: 'moderator' } });
    expect(await api.refusal('ban', 'mira', member('sefa'))).toBe('forbidden');
    expect(await api.refusal('ban', 'owen', member('sefa'))).toBe('ok');
  });

  test('are lifted by moderators, back to attendee and no higher', async () => {
    const api = await createTestApi();
    await api.call('ban', 'mira', member('sefa'));
    expect(await api.refusal('setRole', 'mira', { ...member('sefa'), body: { role: 'speaker' } })).toBe('forbidden');
    await api.call('setRole', 'mira', { ...member('sefa'), body: { role: 'attendee' } });
    expect(await api.refusal('history', 'sefa', { params: { log: 'ch:general' } })).toBe('ok');
  });

  test('in demo mode also hold for people without a row of their own yet', async () => {
    const api = await createTestApi({ demo: true });
    const { access_token, user } = await api.call('signIn', null, { body: { name: 'Loud Person' } });
    await api.call('ban', 'mira', member(user.id));
    expect(await api.refusal('history', null, { token: access_token, params: { log: 'ch:general' } })).toBe('banned');
    expect(await api.refusal('signIn', null, { body: { name: 'Loud Person' } })).toBe('banned');
  });
});

test('leaving an event leaves its channels too', async () => {
  const api = await createTestApi();
  await api.call('join', 'ben', { params: { channel: 'general' } });
  await api.call('ban', 'ben', member('ben'));
  expect(await api.refusal('history', 'ben', { params: { log: 'ch:general' } })).toBe('not_member');
  expect((await api.call('conversations', 'ben')).items).toEqual([]);
  expect((await api.call('me', 'ben')).events).toEqual([]);
});
