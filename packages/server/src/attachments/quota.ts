import { Refused } from '../accounts/refused.ts';
import type { QuotaRecord } from './records.ts';

const DAY_MS = 86_400_000;
/** Uploads of one person that are not complete, at the most. */
const MOST_OPEN = 20;

/** What a person has used of what one may, as of `now`. */
function asOf(quota: QuotaRecord | null, now: number): QuotaRecord {
  const day = Math.floor(now / DAY_MS);
  return quota?.day === day ? quota : { day, bytes: 0, open: quota?.open ?? [] };
}

/**
 * Takes a new upload on the account of its owner.
 * @throws {Refused} `quota_exceeded`, with when to try again where that is known
 */
export function withUpload(
  quota: QuotaRecord | null,
  upload: { readonly id: string; readonly size: number },
  { now, daily_bytes }: { readonly now: number; readonly daily_bytes: number },
): QuotaRecord {
  const { day, bytes, open } = asOf(quota, now);
  if (open.length >= MOST_OPEN) {
    throw new Refused('quota_exceeded', { detail: `${MOST_OPEN} uploads are not complete: finish or cancel one.` });
  }
  if (bytes + upload.size > daily_bytes) {
    throw new Refused('quota_exceeded', { retry_after_ms: (day + 1) * DAY_MS - now });
  }
  return { day, bytes: bytes + upload.size, open: [...open, upload.id] };
}

/** Ends an upload: what of it never came does not count. */
export function withoutUpload(
  quota: QuotaRecord | null,
  upload: { readonly id: string; readonly missing: number },
  now: number,
): QuotaRecord {
  const { day, bytes, open } = asOf(quota, now);
  return { day, bytes: Math.max(0, bytes - upload.missing), open: open.filter((id) => id !== upload.id) };
}
