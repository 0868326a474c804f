import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Authentication, Clock, Identity, Random, SingleUse } from '@konferenco/core';
import { RecentSet } from './recent-set.ts';

export interface TicketOptions {
  /** HMAC secret, at least 32 bytes, the same on all nodes. */
  readonly secret: Uint8Array;
  readonly clock: Clock;
  readonly random: Random;
  /** Tickets remembered as used, for each half of the memory. When it is full, tickets are refused as `overloaded`. */
  readonly maxUsed?: number;
  /** What nodes use up together; without it a ticket is used up on this node alone. */
  readonly singleUse?: SingleUse;
}

/** Socket tickets: what opens one socket within 30 s. */
export interface TicketService {
  /** A ticket for `identity`, and when it ends (Unix ms). */
  issue(identity: Identity): { readonly ticket: string; readonly expires_at: number };
  /**
   * One HMAC and a look into the memory of used tickets; then, where nodes share one, a question to the common memory. When
   * that cannot be asked, the ticket counts as unused elsewhere.
   */
  verify(ticket: string): Authentication | Promise<Authentication>;
}

const LIFE_MS = 30_000;
const VERSION = 1;
const NONCE_BYTES = 6;
/** version, expiry of ticket and of credentials (48 bit each), nonce */
const HEAD_BYTES = 1 + 6 + 6 + NONCE_BYTES;
const MAC_BYTES = 16;
const MAX_BYTES = 256;
const MAX_USED = 1_000_000;

/**
 * Layout: head, then user, device and session each behind a length byte, then HMAC-SHA256 cut to 128 bits; base64url.
 */
export function createTicketService(options: TicketOptions): TicketService {
  const { secret, clock, random, maxUsed = MAX_USED, singleUse } = options;
  const used = new RecentSet<number>(LIFE_MS, maxUsed);
  const mac = (bytes: Uint8Array) => createHmac('sha256', secret).update(bytes).digest().subarray(0, MAC_BYTES);

  return {
    issue(identity) {
      const expires_at = clock.now() + LIFE_MS;
      const texts = [identity.user, identity.device, identity.session].map((text) => Buffer.from(text));
      const head = Buffer.alloc(HEAD_BYTES);
      head[0] = VERSION;
      head.writeUIntBE(expires_at, 1, 6);
      head.writeUIntBE(identity.expires_at ?? 0, 7, 6);
      head.set(random.bytes(NONCE_BYTES), 13);
      const body = Buffer.concat([head, ...texts.flatMap((text) => [Buffer.of(text.length), text])]);
      return { ticket: Buffer.concat([body, mac(body)]).toString('base64url'), expires_at };
    },

    verify(ticket) {
      if (ticket.length > MAX_BYTES * 2) return INVALID;
      const bytes = Buffer.from(ticket, 'base64url');
      const end = bytes.length - MAC_BYTES;
      if (end < HEAD_BYTES || bytes[0] !== VERSION) return INVALID;
      const body = bytes.subarray(0, end);
      if (!timingSafeEqual(mac(body), bytes.subarray(end))) return INVALID;
      const now = clock.now();
      const expires_at = body.readUIntBE(1, 6);
      if (now >= expires_at) return { ok: false, error: 'token_expired' };
      const nonce = body.readUIntBE(13, NONCE_BYTES);
      const first = used.add(nonce, now);
      if (first !== 'added') return first === 'known' ? INVALID : { ok: false, error: 'overloaded' };
      const valid: Authentication = { ok: true, identity: identityIn(body) };
      if (!singleUse) return valid;
      const key = `ticket:${nonce.toString(36)}:${expires_at.toString(36)}`;
      return singleUse.claim(key, LIFE_MS).then((claim) => (claim === 'used' ? INVALID : valid));
    },
  };
}

const INVALID: Authentication = { ok: false, error: 'token_invalid' };

function identityIn(body: Buffer): Identity {
  const texts: string[] = [];
  for (let position = HEAD_BYTES; position < body.length; ) {
    const length = body.readUInt8(position);
    texts.push(body.toString('utf8', position + 1, position + 1 + length));
    position += 1 + length;
  }
  const [user = '', device = '', session = ''] = texts;
  return { user, device, session, expires_at: body.readUIntBE(7, 6) || null };
}
