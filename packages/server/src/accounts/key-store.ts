import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';

/** An Ed25519 key that signs access tokens, as private JWK (RFC 8037). */
export interface SigningKey {
  readonly kid: string;
  readonly jwk: { readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly x: string; readonly d: string };
  /** Unix ms from which it no longer signs; it verifies until the last token it signed has ended. */
  readonly retired_at?: number;
}

/** The server's secrets. The newest key that is not retired signs. */
export interface KeyRing {
  readonly keys: readonly SigningKey[];
  /** Secret of the socket tickets: 32 bytes, base64url. */
  readonly ticket_secret: string;
}

/** Keeps the key ring where only the server can read it. */
export interface KeyStore {
  load(): Promise<KeyRing | null>;
  /** Keeps the first ring. False when another process was first; then `load` has its ring. */
  create(ring: KeyRing): Promise<boolean>;
  replace(ring: KeyRing): Promise<void>;
}

/** A key store that forgets: for tests and throw-away servers. */
export function createMemoryKeyStore(): KeyStore {
  let kept: KeyRing | null = null;
  return {
    load: async () => kept,
    create: async (ring) => {
      if (kept) return false;
      kept = ring;
      return true;
    },
    replace: async (ring) => {
      kept = ring;
    },
  };
}

/** A key store in `dir/keys.json`, mode 0600, replaced in one step and on disk before it is used. */
export function createFileKeyStore(dir: string): KeyStore {
  const path = join(dir, 'keys.json');
  return {
    async load() {
      try {
        return JSON.parse(await readFile(path, 'utf8')) as KeyRing;
      } catch (error) {
        if (hasCode(error, 'ENOENT')) return null;
        throw error;
      }
    },
    async create(ring) {
      await mkdir(dir, { recursive: true });
      const draft = await writeDraft(path, ring);
      try {
        await link(draft, path);
        return true;
      } catch (error) {
        if (hasCode(error, 'EEXIST')) return false;
        throw error;
      } finally {
        await unlink(draft);
      }
    },
    async replace(ring) {
      await rename(await writeDraft(path, ring), path);
    },
  };
}

async function writeDraft(path: string, ring: KeyRing): Promise<string> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(JSON.stringify(ring));
    await file.sync();
  } finally {
    await file.close();
  }
  return draft;
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
