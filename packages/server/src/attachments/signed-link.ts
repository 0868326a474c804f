import { createHmac, timingSafeEqual } from 'node:crypto';
import type { LinkOptions } from '@konferenco/core';

/** Where this server serves objects by signed link: the key follows. */
export const OBJECT_PATH = '/api/objects/';

export interface SignedLink {
  readonly key: string;
  readonly type: string;
  readonly disposition: string;
}

export type LinkCheck = { readonly ok: true; readonly link: SignedLink } | { readonly ok: false };

/** Makes and checks links to this server's own route: an HMAC-SHA-256 over all that a link says. */
export interface LinkSigner {
  /** A path with its signature, good for `expires_in_s` from now. */
  sign(key: string, options: LinkOptions): string;
  /** Whether the address is one that `sign` made, unchanged and not expired. */
  check(url: URL): LinkCheck;
}

export function createLinkSigner({
  secret,
  now,
}: {
  readonly secret: Uint8Array;
  readonly now: () => number;
}): LinkSigner {
  const mac = (parts: readonly string[]) =>
    createHmac('sha256', secret).update(JSON.stringify(parts)).digest('base64url');
  return {
    sign(key, { expires_in_s, type, disposition }) {
      const until = String(Math.floor(now() / 1000) + expires_in_s);
      const query = new URLSearchParams({ until, type, disposition, mac: mac([key, until, type, disposition]) });
      return `${OBJECT_PATH}${key}?${query}`;
    },
    check({ pathname, searchParams }) {
      if (!pathname.startsWith(OBJECT_PATH)) return { ok: false };
      const key = pathname.slice(OBJECT_PATH.length);
      const [until = '', type = '', disposition = '', given = ''] = ['until', 'type', 'disposition', 'mac'].map(
        (name) => searchParams.get(name) ?? '',
      );
      const wanted = Buffer.from(mac([key, until, type, disposition]));
      const actual = Buffer.from(given);
      const genuine = actual.length === wanted.length && timingSafeEqual(actual, wanted);
      return genuine && now() < Number(until) * 1000 ? { ok: true, link: { key, type, disposition } } : { ok: false };
    },
  };
}
