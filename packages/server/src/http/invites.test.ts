import { describe, expect, test } from 'bun:test';
import { createContext } from '../accounts/context.ts';
import { acceptInvite } from '../accounts/invites.ts';
import { put, recordKey, USERS } from '../accounts/records.ts';
import { createTestApi, type TestApi } from './test-api.ts';

const hui = { params: { event: 'hui' } };

async function newcomers(api: TestApi, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, (_, i) => `new-${i}`);
  await api.store.commit([{ changes: ids.map((id) => put(USERS, id, { name: id, created_at: 0 })) }]);
  await Promise.all(ids.map((id) => api.tokenOf(id)));
  return ids;
}

describe('invitations', () => {
  test('of ten uses admit exactly ten of five hundred who race for them', async () => {
    const api = await createTestApi();
    const { code } = await api.call('createInvite', 'owen', { ...hui, body: { max_uses: 10 } });
    const people = await newcomers(api, 500);
    const answers = await Promise.all(people.map((user) => api.refusal('acceptInvite', user, { params: { code } })));
    expect(answers.filter((answer) => answer === 'ok').length).toBe(10);
    expect(new Set(answers)).toEqual(new Set(['ok', 'invite_invalid']));
    const rows = await api.store.list('member', 'hui/new-', { limit: 1000 });
    expect(rows.length).toBe(10);
  });

  test('admit exactly as many when several nodes race', async () => {
    const api = await createTestApi();
    const { code } = await api.call('createInvite', 'owen', { ...hui, body: { max_uses: 10 } });
    const nodes = [1, 2, 3].map(() => createContext(api));
    const people = await newcomers(api, 60);
    const outcomes = await Promise.allSettled(
      people.map((user, i) => acceptInvite(nodes[i % nodes.length] ?? api, user, code)),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBe(10);
    expect((await api.store.list('member', 'hui/new-', { limit: 1000 })).length).toBe(10);
  });

  test('of one use make one person of many who sign in with it', async () => {
    const api = await createTestApi();
    const { code } = await api.call('createInvite', 'owen', { ...hui, body: { max_uses: 1 } });
    const attempts = Array.from({ length: 20 }, () =>
      api.refusal('signIn', null, { body: { name: 'Kim', invite: code } }),
    );
    expect((await Promise.all(attempts)).filter((answer) => answer === 'ok').length).toBe(1);
    expect((await api.store.list('user', 'kim', { limit: 100 })).length).toBe(1);
  });

  // proves AC-6
  test("lead to no role above the inviter's own", async () => {
    const api = await createTestApi();
    expect(await api.refusal('createInvite', 'ben', { ...hui, body: { role: 'speaker' } })).toBe('forbidden');
    expect(await api.refusal('createInvite', 'mira', { ...hui, body: { role: 'owner' } })).toBe('forbidden');
    expect(await api.refusal('createInvite', 'mira', { ...hui, body: { role: 'moderator' } })).toBe('ok');
    expect(await api.refusal('createInvite', 'zed', { ...hui, body: {} })).toBe('not_member');
  });

  // proves AC-1
  test('end by time and by revocation', async () => {
    const api = await createTestApi();
    const make = () => api.call('createInvite', 'ben', { ...hui, body: { expires_in_s: 60 } });
    const [timed, revoked] = [await make(), await make()];
    expect(await api.refusal('revokeInvite', 'aroha', { params: { code: revoked.code } })).toBe('forbidden');
    await api.call('revokeInvite', 'ben', { params: { code: revoked.code } });
    expect(await api.refusal('invite', null, { params: { code: revoked.code } })).toBe('invite_invalid');
    expect(await api.refusal('acceptInvite', 'zed', { params: { code: revoked.code } })).toBe('invite_invalid');
    expect((await api.call('invite', null, { params: { code: timed.code } })).event_title).toBe('Hui');
    api.clock.time += 60_000;
    expect(await api.refusal('acceptInvite', 'zed', { params: { code: timed.code } })).toBe('invite_invalid');
  });

  test('take no use from somebody who is a member already, and raise a lower role', async () => {
    const api = await createTestApi();
    const attendee = await api.call('createInvite', 'owen', { ...hui, body: {} });
    expect(await api.call('acceptInvite', 'sefa', { params: { code: attendee.code } })).toMatchObject({
      role: 'speaker',
    });
    expect((await api.call('invite', null, { params: { code: attendee.code } })).uses_left).toBe(25);
    const speaker = await api.call('createInvite', 'owen', { ...hui, body: { role: 'speaker' } });
    expect(await api.call('acceptInvite', 'ben', { params: { code: speaker.code } })).toMatchObject({
      role: 'speaker',
    });
    expect((await api.call('invite', null, { params: { code: speaker.code } })).uses_left).toBe(24);
  });

  test('are not kept in clear', async () => {
    const api = await createTestApi();
    const { code } = await api.call('createInvite', 'owen', { ...hui, body: {} });
    expect(await api.dump('invite')).not.toContain(code);
    expect(await api.store.get('invite', recordKey(code))).toBeNull();
  });
});
