import { type Envelope, signedText } from '@konferenco/protocol';
import { Cache } from './cache.ts';
import { change } from './change.ts';
import type { ContextOptions, Context } from './context.ts';
import { DEVICES, lastPart, listAll, put, recordKey } from './records.ts';
import { Refused } from './refused.ts';

/** Checks the signatures of envelopes against the keys their devices registered. */
export interface SignatureVerifier {
  /**
   * True when the envelope is signed by the device it names, with the key that device registered. False also when the
   * device or its key is unknown.
   */
  verify(envelope: Envelope): Promise<boolean>;
  close(): void;
}

type DeviceKeys = ReadonlyMap<string, CryptoKey>;

const MAX_PEOPLE = 50_000;
const MAX_DEVICES = 100;
const MAX_AGE_MS = 60_000;

/** Keys are imported once, and again after their owner's profile changed. */
export function createSignatureVerifier({
  store,
  bus,
  clock,
}: Pick<ContextOptions, 'store' | 'bus' | 'clock'>): SignatureVerifier {
  const keys = new Cache<DeviceKeys>({
    load: async (user) => {
      const rows = await listAll(store, DEVICES, `${user}/`, MAX_DEVICES);
      const imported = rows.map(async ({ key, value }) => [lastPart(key), await importKey(value.public_key)] as const);
      return new Map(await Promise.all(imported));
    },
    max: MAX_PEOPLE,
    max_age_ms: MAX_AGE_MS,
    now: () => clock.now(),
  });
  const close = bus.subscribe((record) => {
    if (record.kind === 'changed' && record.what === 'profile') keys.delete(record.id);
  });
  bus.onReconnect(() => keys.clear());
  return {
    async verify(envelope) {
      const { from, signature } = envelope;
      if (!signature || !from.device_id) return false;
      const key = (await keys.get(from.user_id)).get(from.device_id);
      if (!key) return false;
      return crypto.subtle.verify(
        'Ed25519',
        key,
        Buffer.from(signature, 'base64url'),
        Buffer.from(signedText(envelope)),
      );
    },
    close,
  };
}

/**
 * Registers the key that a device's signatures verify with.
 * @throws {Refused} `invalid` when it is no Ed25519 key, `conflict` when the person has 100 devices already
 */
export async function setDeviceKey(context: Context, user: string, device: string, public_key: string): Promise<void> {
  await importKey(public_key).catch((cause: unknown) => {
    throw new Refused('invalid', { detail: `not an Ed25519 public key: ${String(cause)}` });
  });
  await change(context, async () => {
    const rows = await listAll(context.store, DEVICES, `${user}/`, MAX_DEVICES);
    const isNew = rows.every(({ key }) => lastPart(key) !== device);
    if (isNew && rows.length === MAX_DEVICES) throw new Refused('conflict', { detail: 'too many devices' });
    return {
      command: { changes: [put(DEVICES, recordKey(user, device), { public_key, set_at: context.clock.now() })] },
      tell: [{ kind: 'changed', what: 'profile', id: user, user }],
      result: undefined,
    };
  });
}

function importKey(publicKey: string): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', Buffer.from(publicKey, 'base64url'), 'Ed25519', false, ['verify']);
}
