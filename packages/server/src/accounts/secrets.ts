import { createHash, timingSafeEqual } from 'node:crypto';
import type { Random } from '@konferenco/core';

/** `count` random bytes in base64url. */
export function randomText(random: Random, count: number): string {
  return Buffer.from(random.bytes(count)).toString('base64url');
}

/** SHA-256 in base64url: how secrets of full entropy are kept. */
export function digest(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}

/** Compares two digests without telling by its duration where they differ. */
export function isSameDigest(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
