import { PRIORITY_RANK } from '@konferenco/protocol';
import { type BucketRate, takeTokenMutable, type TokenBucket } from '../limits/token-bucket.ts';

/** A stretch of a batch, in the order of the offsets: entries to send, or offsets that are named instead of sent. */
export type DigestPart<E> =
  | { readonly kind: 'entries'; readonly entries: readonly E[] }
  | { readonly kind: 'skipped'; readonly from: number; readonly to: number };

/** What becomes of a batch: its parts now, or nothing before `ms` milliseconds have passed. */
export type Digest<E> =
  | { readonly kind: 'send'; readonly parts: readonly DigestPart<E>[] }
  | { readonly kind: 'wait'; readonly ms: number };

/**
 * Keeps a log readable (D8): above `rate` entries a second only the newest of each batch are sent, and the others are
 * named by their offsets so that a reader can fetch them. Entries more urgent than normal are always sent. Where not even
 * one may be sent the batch waits, so that the last entry of a busy time is never among those left out.
 */
export function digestMutable<E extends { readonly offset: number; readonly rank: number }>(
  batch: readonly E[],
  bucket: TokenBucket,
  rate: BucketRate,
  now: number,
): Digest<E> {
  let allowed = 0;
  let wait_ms = 0;
  while (allowed < batch.length && wait_ms === 0) {
    wait_ms = takeTokenMutable(bucket, rate, now);
    if (wait_ms === 0) allowed++;
  }
  if (allowed === batch.length) return { kind: 'send', parts: [{ kind: 'entries', entries: batch }] };
  const isUrgent = (entry: E): boolean => entry.rank < PRIORITY_RANK.normal;
  if (allowed === 0 && !batch.some(isUrgent)) return { kind: 'wait', ms: wait_ms };
  const cut = batch.length - Math.max(1, allowed);
  return { kind: 'send', parts: parts(batch, (entry, index) => index >= cut || isUrgent(entry)) };
}

function parts<E extends { readonly offset: number }>(
  batch: readonly E[],
  keep: (entry: E, index: number) => boolean,
): readonly DigestPart<E>[] {
  const result: ({ kind: 'entries'; entries: E[] } | { kind: 'skipped'; from: number; to: number })[] = [];
  batch.forEach((entry, index) => {
    const last = result.at(-1);
    if (keep(entry, index)) {
      if (last?.kind === 'entries') last.entries.push(entry);
      else result.push({ kind: 'entries', entries: [entry] });
    } else if (last?.kind === 'skipped') last.to = entry.offset;
    else result.push({ kind: 'skipped', from: entry.offset, to: entry.offset });
  });
  return result;
}
