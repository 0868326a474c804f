import type { Envelope, Gone, Item, LogName } from '@konferenco/protocol';
import { isLate } from './late.ts';
import type { Correction, Said } from './said.ts';
import type { Message, MessageState, SendError } from './types.ts';

/** A message as it was first said, before corrections. */
export interface Body {
  readonly id: string;
  /** `null` until the server stored it. */
  readonly offset: number | null;
  /** When the server stored it (Unix ms); until then the sender's time. */
  readonly at: number;
  readonly sender: string;
  readonly timestamp: number;
  readonly said: Said & { kind: 'text' };
  readonly gone?: Gone;
  readonly state: MessageState;
  readonly error?: SendError;
}

/** An entry without its body. */
export type GoneItem = Pick<Item, 'offset' | 'at' | 'id' | 'thread'> & { readonly gone: Gone };

/** The body of a text as its envelope says it. */
export function bodyOf(
  { id, from, timestamp }: Envelope,
  said: Body['said'],
  place: Pick<Body, 'offset' | 'at' | 'state' | 'error'>,
): Body {
  return { id, sender: from.user_id, timestamp, said, ...place };
}

/** What is left of an entry that went before this client knew it. */
export function goneBody({ id, offset, at, gone, thread }: GoneItem & { readonly id: string }): Body {
  const said = { kind: 'text', text: '', mentions: [], ...(thread === undefined ? {} : { thread }) } as const;
  return { id, offset, at, sender: '', timestamp: at, said, gone, state: 'stored' };
}

/** A correction and its place in the order: its offset, or infinity while it waits in the outbox. */
export interface PlacedCorrection {
  readonly id: string;
  readonly offset: number;
  readonly sender: string;
  readonly said: Correction;
}

/** A message after its corrections, applied by offset, whatever order they became known in. */
export function viewMessage(
  log: LogName,
  body: Body,
  corrections: Iterable<PlacedCorrection>,
  replies: number,
): Message {
  let { text, mentions } = body.said;
  let edited = false;
  let gone = body.gone;
  const reactions = new Map<string, Set<string>>();
  for (const { sender, said } of [...corrections].sort((a, b) => a.offset - b.offset)) {
    switch (said.kind) {
      case 'edit':
        // Only the author's word replaces the author's; a delete may also be a moderator's, which the server decided.
        if (sender !== body.sender) break;
        text = said.text;
        mentions = said.mentions;
        edited = true;
        break;
      case 'delete':
        gone = 'erased';
        break;
      case 'reaction':
        react(reactions, sender, said);
        break;
    }
  }
  const { reply_to, thread, after, attachments } = body.said;
  const { offset, at, timestamp } = body;
  return {
    kind: 'message',
    id: body.id,
    log,
    offset: body.offset,
    sender: body.sender,
    text: gone ? '' : text,
    mentions: gone ? [] : mentions,
    timestamp: body.timestamp,
    edited: edited && !gone,
    ...(gone ? { gone } : attachments ? { attachments } : {}),
    ...(reply_to === undefined ? {} : { reply_to }),
    ...(thread === undefined ? {} : { thread }),
    replies,
    reactions: gone ? [] : [...reactions].map(([emoji, users]) => ({ emoji, users: [...users] })),
    state: body.state,
    ...(body.error ? { error: body.error } : {}),
    ...(offset !== null && !gone && isLate({ offset, at, timestamp, after })
      ? { placed_late: { written_at: timestamp, arrived_at: at } }
      : {}),
  };
}

function react(
  reactions: Map<string, Set<string>>,
  user: string,
  { emoji, op }: Correction & { kind: 'reaction' },
): void {
  const users = reactions.get(emoji) ?? new Set<string>();
  if (op === 'add') users.add(user);
  else users.delete(user);
  if (users.size > 0) reactions.set(emoji, users);
  else reactions.delete(emoji);
}
