import type { Clock, Random } from '@konferenco/core';
import { exportJWK, generateKeyPair, importJWK } from 'jose';
import type { KeyRing, KeyStore, SigningKey } from './key-store.ts';
import { randomText } from './secrets.ts';

export interface KeyRingOptions {
  readonly keys: KeyStore;
  readonly clock: Clock;
  readonly random: Random;
  /** Milliseconds after its retirement for which a key still verifies. */
  readonly verify_ms: number;
}

/** The keys in use, as WebCrypto keys, kept up with what other nodes rotate. */
export interface Keys {
  readonly ticketSecret: Uint8Array;
  signing(): Promise<{ readonly kid: string; readonly key: CryptoKey }>;
  /** `null`: no such key, or its time is over. */
  verifying(kid: string): Promise<CryptoKey | null>;
  /** A new key signs from now on; the old one verifies until its tokens have ended. */
  rotate(): Promise<void>;
}

interface Imported {
  readonly record: SigningKey;
  readonly signing: CryptoKey;
  readonly verifying: CryptoKey;
}

/** How often another node's rotation is looked for: when signing, and when a token names an unknown key. */
const SIGNING_REFRESH_MS = 60_000;
const UNKNOWN_REFRESH_MS = 5_000;

/** Loads the key ring, or makes one at the first start. */
export async function openKeys(options: KeyRingOptions): Promise<Keys> {
  const { keys: store, clock, random, verify_ms } = options;
  let ring = await loadOrCreate(store, random);
  let imported = await importAll(ring);
  let loaded_at = clock.now();

  const reload = async (older_ms: number) => {
    if (clock.now() - loaded_at < older_ms) return;
    loaded_at = clock.now();
    const fresh = await store.load();
    if (!fresh) return;
    imported = await importAll(fresh);
    ring = fresh;
  };
  const usable = (key: Imported | undefined) =>
    key &&
    (key.record.retired_at === undefined || clock.now() < key.record.retired_at + verify_ms + SIGNING_REFRESH_MS);

  return {
    ticketSecret: Buffer.from(ring.ticket_secret, 'base64url'),
    async signing() {
      await reload(SIGNING_REFRESH_MS);
      const key = imported.findLast((each) => each.record.retired_at === undefined);
      if (!key) throw new Error('the key ring holds no key that may sign');
      return { kid: key.record.kid, key: key.signing };
    },
    async verifying(kid) {
      const find = () => imported.find((each) => each.record.kid === kid);
      if (!find()) await reload(UNKNOWN_REFRESH_MS);
      const key = find();
      return key && usable(key) ? key.verifying : null;
    },
    async rotate() {
      const now = clock.now();
      const kept = ring.keys
        .filter((key) => key.retired_at === undefined || now < key.retired_at + verify_ms + SIGNING_REFRESH_MS)
        .map((key) => ({ ...key, retired_at: key.retired_at ?? now }));
      ring = { ...ring, keys: [...kept, await newKey(random)] };
      await store.replace(ring);
      imported = await importAll(ring);
    },
  };
}

async function loadOrCreate(store: KeyStore, random: Random): Promise<KeyRing> {
  const known = await store.load();
  if (known) return known;
  const ring: KeyRing = { keys: [await newKey(random)], ticket_secret: randomText(random, 32) };
  if (await store.create(ring)) return ring;
  const theirs = await store.load();
  if (!theirs) throw new Error('the key ring was made by another process and then removed');
  return theirs;
}

async function newKey(random: Random): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const { x, d } = await exportJWK(privateKey);
  if (!x || !d) throw new Error('the platform does not export Ed25519 keys');
  return { kid: randomText(random, 9), jwk: { kty: 'OKP', crv: 'Ed25519', x, d } };
}

function importAll(ring: KeyRing): Promise<Imported[]> {
  return Promise.all(
    ring.keys.map(async (record) => {
      const { d: _, ...open } = record.jwk;
      const [signing, verifying] = await Promise.all([importJWK(record.jwk, 'EdDSA'), importJWK(open, 'EdDSA')]);
      if (signing instanceof Uint8Array || verifying instanceof Uint8Array) throw new Error('not an Ed25519 key');
      return { record, signing, verifying };
    }),
  );
}
