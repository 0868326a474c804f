import { PRIORITY_RANK } from '@konferenco/protocol';
import { type BucketRate, takeTokenMutable, type TokenBucket } from '../limits/token-bucket.ts';

/** A stretch of a batch, in the order of the offsets: entries to send, or offsets that are named instead of sent. */
export type DigestPart<E> =
  | { readonly kind: 'entries'; readonly entries: readonly E[] }
  | { readonly kind: 'skipped'; readonly from: number; readonly to: number };

/**
 * Keeps a log readable (D8): above `rate` entries a second only the newest of each batch are sent, and the others are
 * named by their offsets so that a reader can fetch them. Entries more urgent than normal are always sent.
 */
export function digestMutable<E extends { readonly offset: number; readonly rank: number }>(
  batch: readonly E[],
  bucket: TokenBucket,
  rate: BucketRate,
  now: number,
): readonly DigestPart<E>[] {
  let allowed = 0;
  while (allowed < batch.length && takeTokenMutable(bucket, rate, now) === 0) allowed++;
  if (allowed === batch.length) return [{ kind: 'entries', entries: batch }];
  const cut = batch.length - allowed;
  return parts(batch, (entry, index) => index >= cut || entry.rank < PRIORITY_RANK.normal);
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
