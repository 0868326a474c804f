import { describe, expect, test } from 'bun:test';
import { type Envelope, signedText } from '@konferenco/protocol';
import { createSignatureVerifier } from '../accounts/signatures.ts';
import { envelope } from '../accounts/test-world.ts';
import { createTestApi } from './test-api.ts';

describe('a profile', () => {
  test('is changed by its owner, and the member list follows the name', async () => {
    const api = await createTestApi();
    const { code } = await api.call('createInvite', 'owen', { params: { event: 'hui' }, body: {} });
    const { access_token: token } = await api.call('signIn', null, { body: { name: 'Kim', invite: code } });
    const changed = await api.call('updateMe', null, { token, body: { name: 'Kimi', about: 'Ferns' } });
    expect(changed).toEqual({ id: 'kim', name: 'Kimi', about: 'Ferns' });
    expect(await api.call('user', 'ben', { params: { user: 'kim' } })).toEqual(changed);
    const found = async (q: string) =>
      (await api.call('members', 'ben', { params: { event: 'hui' }, query: { q } })).items.map(({ user }) => user.id);
    expect(await found('kimi')).toEqual(['kim']);
    await api.call('updateMe', null, { token, body: { name: 'Zoe' } });
    expect(await found('kim')).toEqual([]);
    expect(await found('zoe')).toEqual(['kim']);
    expect(await api.call('updateMe', null, { token, body: {} })).toEqual({ ...changed, name: 'Zoe' });
  });

  test('is seen by people of the same event, not by strangers or across a block', async () => {
    const api = await createTestApi();
    const ben = { params: { user: 'ben' } };
    expect(await api.refusal('user', 'aroha', ben)).toBe('ok');
    expect(await api.refusal('user', 'zed', ben)).toBe('not_found');
    await api.call('block', 'ben', { params: { user: 'aroha' } });
    expect(await api.refusal('user', 'aroha', ben)).toBe('not_found');
  });
});

describe('blocking', () => {
  test('takes effect at once both ways, shows to the blocker only, and is lifted by the blocker only', async () => {
    const api = await createTestApi();
    const publish = (from: string, to: string) =>
      api.directory.mayPublish(from, envelope(from, { type: 'user', id: to }, 'chat/direct_message'));
    expect(await publish('aroha', 'ben')).toBe('ok');
    await api.call('block', 'ben', { params: { user: 'aroha' } });
    expect(await publish('aroha', 'ben')).toBe('blocked');
    expect(await publish('ben', 'aroha')).toBe('blocked');
    expect((await api.call('me', 'ben')).blocked).toEqual(['aroha']);
    expect((await api.call('me', 'aroha')).blocked).toEqual([]);
    expect(api.bus.published.at(-1)).toEqual({ kind: 'changed', what: 'blocks', id: 'aroha', user: 'ben' });
    await api.call('unblock', 'aroha', { params: { user: 'ben' } });
    expect(await publish('aroha', 'ben')).toBe('blocked');
    await api.call('unblock', 'ben', { params: { user: 'aroha' } });
    expect(await publish('aroha', 'ben')).toBe('ok');
  });

  test('oneself or nobody is refused', async () => {
    const api = await createTestApi();
    expect(await api.refusal('block', 'ben', { params: { user: 'ben' } })).toBe('invalid');
    expect(await api.refusal('block', 'ben', { params: { user: 'ghost' } })).toBe('not_found');
  });
});

describe('device keys', () => {
  async function keyPair() {
    const pair = await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify']);
    const { privateKey, publicKey } = pair as CryptoKeyPair;
    const public_key = Buffer.from(await crypto.subtle.exportKey('raw', publicKey)).toString('base64url');
    const sign = async (unsigned: Envelope): Promise<Envelope> => {
      const bytes = await crypto.subtle.sign('Ed25519', privateKey, Buffer.from(signedText(unsigned)));
      return { ...unsigned, signature: Buffer.from(bytes).toString('base64url') };
    };
    return { public_key, sign };
  }
  const message = (device: string): Envelope => ({
    ...envelope('aroha', { type: 'channel', id: 'general' }),
    from: { user_id: 'aroha', device_id: device },
  });

  // proves AC-16
  test('verify what their device signed, and nothing else', async () => {
    const api = await createTestApi();
    const verifier = createSignatureVerifier(api);
    const { public_key, sign } = await keyPair();
    const signed = await sign(message('phone'));
    expect(await verifier.verify(signed)).toBe(false);
    await api.call('setDeviceKey', 'aroha', { params: { device: 'phone' }, body: { public_key } });
    expect(await verifier.verify(signed)).toBe(true);
    expect(await verifier.verify({ ...signed, payload: { text: 'changed' } })).toBe(false);
    expect(await verifier.verify({ ...signed, from: { user_id: 'ben', device_id: 'phone' } })).toBe(false);
    expect(await verifier.verify(await sign(message('laptop')))).toBe(false);
    expect(await verifier.verify(await (await keyPair()).sign(message('phone')))).toBe(false);
    expect(await verifier.verify(message('phone'))).toBe(false);
  });

  test('replaced by a new one no longer verify', async () => {
    const api = await createTestApi();
    const verifier = createSignatureVerifier(api);
    const [old, fresh] = [await keyPair(), await keyPair()];
    for (const { public_key } of [old, fresh]) {
      await api.call('setDeviceKey', 'aroha', { params: { device: 'phone' }, body: { public_key } });
      await verifier.verify(await old.sign(message('phone')));
    }
    expect(await verifier.verify(await old.sign(message('phone')))).toBe(false);
    expect(await verifier.verify(await fresh.sign(message('phone')))).toBe(true);
  });

  test("are set for the session's own device only, and must be of the right form", async () => {
    const api = await createTestApi();
    const { public_key } = await keyPair();
    expect(await api.refusal('setDeviceKey', 'aroha', { params: { device: 'laptop' }, body: { public_key } })).toBe(
      'forbidden',
    );
    expect(
      await api.refusal('setDeviceKey', 'aroha', { params: { device: 'phone' }, body: { public_key: 'short' } }),
    ).toBe('invalid');
  });
});
