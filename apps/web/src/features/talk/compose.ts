import type { Draft, Mention } from '../../state/drafts.ts';

/** Largest payload of a chat message, in UTF-8 bytes of its JSON. */
export const PAYLOAD_BYTES = 4_096;
/** Room that ids and field names of the payload may take. */
const OVERHEAD_BYTES = 96;

/** The word after an `@` that ends at the caret, or `null` when no mention is being written. */
export function mentionQuery(text: string, caret: number): string | null {
  const match = /(?:^|[\s(])@([\p{L}\p{M}\p{N}._-]*(?: [\p{L}\p{M}\p{N}._-]*)?)$/u.exec(text.slice(0, caret));
  return match ? (match[1] ?? '') : null;
}

/** Puts `@name` in place of the half-written mention before the caret. Returns the draft and where the caret goes. */
export function insertMention(
  draft: Draft,
  caret: number,
  mention: Mention,
): { readonly draft: Draft; readonly caret: number } {
  const query = mentionQuery(draft.text, caret) ?? '';
  const start = caret - query.length - 1;
  const inserted = `@${mention.name} `;
  const mentions = [...draft.mentions.filter((m) => m.id !== mention.id), mention];
  return {
    draft: { ...draft, text: draft.text.slice(0, start) + inserted + draft.text.slice(caret), mentions },
    caret: start + inserted.length,
  };
}

/** Ids of those whose `@name` is still in the text. */
export function mentionsIn(text: string, mentions: readonly Mention[]): readonly string[] {
  return mentions.filter((m) => text.includes(`@${m.name}`)).map((m) => m.id);
}

/** Bytes left for the text before the server would refuse it as too large; negative when it is. */
export function bytesLeft(text: string, mentions: readonly string[]): number {
  const bytes = new TextEncoder().encode(JSON.stringify({ text, mentions })).length;
  return PAYLOAD_BYTES - OVERHEAD_BYTES - bytes;
}

/** One piece of a shown text. */
export type TextPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'link'; readonly text: string; readonly href: string }
  | { readonly kind: 'mention'; readonly text: string; readonly id: string };

const LINK = /\bhttps?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]}'’]/gu;

/** Splits a text into links, mentions of the given people and the rest. Joining the pieces gives the text again. */
export function splitText(text: string, mentions: readonly Mention[]): readonly TextPart[] {
  const parts: TextPart[] = [];
  let at = 0;
  for (const match of text.matchAll(LINK)) {
    parts.push(...splitMentions(text.slice(at, match.index), mentions));
    parts.push({ kind: 'link', text: match[0], href: match[0] });
    at = match.index + match[0].length;
  }
  return [...parts, ...splitMentions(text.slice(at), mentions)];
}

function splitMentions(text: string, mentions: readonly Mention[]): readonly TextPart[] {
  const parts: TextPart[] = [];
  let rest = text;
  while (rest !== '') {
    const found = firstMention(rest, mentions);
    if (found === null) return [...parts, { kind: 'text', text: rest }];
    if (found.at > 0) parts.push({ kind: 'text', text: rest.slice(0, found.at) });
    const name = `@${found.mention.name}`;
    parts.push({ kind: 'mention', text: name, id: found.mention.id });
    rest = rest.slice(found.at + name.length);
  }
  return parts;
}

/** The earliest mention in `text`; of two at the same place, the longer name. */
function firstMention(
  text: string,
  mentions: readonly Mention[],
): { readonly at: number; readonly mention: Mention } | null {
  let best: { at: number; mention: Mention } | null = null;
  for (const mention of mentions) {
    const at = text.indexOf(`@${mention.name}`);
    if (at < 0 || mention.name === '') continue;
    if (best === null || at < best.at || (at === best.at && mention.name.length > best.mention.name.length))
      best = { at, mention };
  }
  return best;
}
