import { type Attachment, PREVIEW_LIMITS, TAXONOMY } from '@konferenco/protocol';
import { serverError } from '../server-errors.ts';
import type { OutgoingRecord, RecordedFile } from './outgoing-record.ts';
import type { DescribedFile, FileToSend } from './types.ts';

/** What stands in a payload beside text, mentions and files: a reply, a thread, `after`. Bytes. */
const OVERHEAD_BYTES = 160;
const MOST_BYTES = TAXONOMY.chat.channel_message.max_bytes - OVERHEAD_BYTES;
/** As long as any that a server gives. */
const ANY_ID = '00000000-0000-7000-8000-000000000000';
const ANY_SIDE = 65_535;

export function isDescribed(one: FileToSend | DescribedFile): one is DescribedFile {
  return 'file' in one;
}

/** What a message says of a file beside what the server knows. Words are cut where they would be refused. */
export function saidOf({ alt, tint }: Pick<DescribedFile, 'alt' | 'tint'>): Pick<RecordedFile, 'alt' | 'tint'> {
  const words = (alt ?? '').trim().slice(0, PREVIEW_LIMITS.alt_chars).toWellFormed();
  return {
    ...(words === '' ? {} : { alt: words }),
    ...(tint !== undefined && /^[0-9a-f]{6}$/.test(tint) ? { tint } : {}),
  };
}

/**
 * What a message says of its files. Where all of it would not fit, hashes are left out first, which the server knows, then
 * colours.
 */
export function attachmentsOf({
  text,
  options,
  files,
}: Pick<OutgoingRecord, 'text' | 'options' | 'files'>): Attachment[] {
  const full = files.flatMap(({ attachment, alt, tint }) =>
    attachment ? [{ ...attachment, ...saidOf({ alt, tint }) }] : [],
  );
  const fits = (attachments: readonly Attachment[]): boolean => payloadBytes(text, options, attachments) <= MOST_BYTES;
  if (fits(full)) return full;
  const withoutHashes = full.map(({ sha256: _, ...rest }) => rest);
  return fits(withoutHashes) ? withoutHashes : withoutHashes.map(({ tint: _, ...rest }) => rest);
}

/** @throws {import('../errors.ts').KonferencoError} `too_large` for words and names that no message holds, before anything is uploaded */
export function checkRoom({ text, options, files }: Pick<OutgoingRecord, 'text' | 'options' | 'files'>): void {
  const least = files.map(({ name, type, size, alt, preview }) => ({
    ...{ id: ANY_ID, name, type, size, width: ANY_SIDE, height: ANY_SIDE },
    ...(preview ? { preview } : {}),
    ...saidOf({ alt }),
  }));
  if (payloadBytes(text, options, least) > MOST_BYTES) throw serverError('too_large');
}

function payloadBytes(
  text: string,
  { mentions = [] }: OutgoingRecord['options'],
  attachments: readonly Attachment[],
): number {
  return new TextEncoder().encode(JSON.stringify({ text, mentions, attachments })).length;
}
