import { describe, expect, test } from 'bun:test';
import { createAuthenticator } from './authenticator.ts';
import { createMemoryKeyStore } from './key-store.ts';
import { createWorld } from './test-world.ts';
import { createTicketService } from './tickets.ts';
import { createTokenService } from './tokens.ts';

async function setUp(demo: boolean) {
  const world = await createWorld({ demo });
  const tokens = await createTokenService({ ...world, keys: createMemoryKeyStore() });
  const tickets = createTicketService({ ...world, secret: tokens.ticketSecret });
  return { ...world, tokens, tickets, authenticator: createAuthenticator({ context: world, tokens, tickets }) };
}
const demoIdentity = (user: string) =>
  ({ ok: true, identity: { user, device: 'default', session: '', expires_at: null } }) as const;

describe('demo mode', () => {
  test('takes a bare id, name or number, and makes the person an attendee on first use', async () => {
    const { authenticator, directory } = await setUp(true);
    expect(await authenticator.token('42')).toEqual(demoIdentity('42'));
    expect(await authenticator.token('Hemi.R')).toEqual(demoIdentity('Hemi.R'));
    expect(await authenticator.token('Mere Tāwhai')).toEqual(demoIdentity('mere-tawhai'));
    expect(await directory.user('mere-tawhai')).toMatchObject({ name: 'Mere Tāwhai' });
    expect(await directory.standing('hui', 'mere-tawhai')).toEqual({ kind: 'member', role: 'attendee' });
  });

  test('the same name is the same person; another name of the same slug is another person', async () => {
    const { authenticator } = await setUp(true);
    expect(await authenticator.token('Mere Tāwhai')).toEqual(demoIdentity('mere-tawhai'));
    expect(await authenticator.token('Mere Tāwhai')).toEqual(demoIdentity('mere-tawhai'));
    expect(await authenticator.token('Méré Tawhai')).toEqual(demoIdentity('mere-tawhai-2'));
  });

  test('a first use is told to nobody but that person, so that a thousand newcomers stay cheap', async () => {
    const { authenticator, bus } = await setUp(true);
    await authenticator.token('load-1');
    expect(bus.published.length).toBeGreaterThan(0);
    for (const record of bus.published) expect(record).toMatchObject({ user: 'load-1' });
  });

  test('many connections of one new name make one person', async () => {
    const { authenticator, store } = await setUp(true);
    const all = await Promise.all(Array.from({ length: 20 }, () => authenticator.token('Wiremu Poutama')));
    expect(all.every((each) => each.ok && each.identity.user === 'wiremu-poutama')).toBe(true);
    expect((await store.get('user', 'wiremu-poutama'))?.version).toBe(1);
  });

  test('takes access tokens too, and refuses forged ones instead of taking them for names', async () => {
    const { authenticator, tokens } = await setUp(true);
    const { access_token } = await tokens.begin('aroha', 'phone');
    expect(await authenticator.token(access_token)).toMatchObject({
      ok: true,
      identity: { user: 'aroha', device: 'phone' },
    });
    expect(await authenticator.token(`${access_token.slice(0, -4)}AAAA`)).toEqual({
      ok: false,
      error: 'token_invalid',
    });
    expect(await authenticator.token('\u0000 \u200b')).toEqual({ ok: false, error: 'token_invalid' });
    expect(await authenticator.token('x'.repeat(81))).toEqual({ ok: false, error: 'token_invalid' });
  });
});

// proves AC-2
test('outside demo mode a bare name is refused', async () => {
  const { authenticator } = await setUp(false);
  for (const token of ['aroha', '42', '']) {
    expect(await authenticator.token(token)).toEqual({ ok: false, error: 'token_invalid' });
  }
});

test('a ticket of a session that ended meanwhile is refused', async () => {
  const { authenticator, tokens, tickets } = await setUp(false);
  const { session, expires_at } = await tokens.begin('aroha', 'phone');
  const [first, second] = [1, 2].map(
    () => tickets.issue({ user: 'aroha', device: 'phone', session, expires_at }).ticket,
  );
  expect(authenticator.ticket(first ?? '')).toMatchObject({ ok: true, identity: { session } });
  await tokens.end(session);
  expect(authenticator.ticket(second ?? '')).toEqual({ ok: false, error: 'token_revoked' });
});
