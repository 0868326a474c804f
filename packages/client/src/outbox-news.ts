import type { ReplyOf } from '@konferenco/protocol';
import type { OutboxEntry, SendError } from './types.ts';

/** What became of a message; told to its conversation. */
export type OutboxNews =
  /** Handed to the store: not yet as safe as `queued` says. */
  | { readonly kind: 'saving'; readonly entry: OutboxEntry }
  /** Kept until it goes; with an error of the name `storage`, in memory only. */
  | { readonly kind: 'queued'; readonly entry: OutboxEntry; readonly error?: SendError }
  | { readonly kind: 'sent'; readonly entry: OutboxEntry }
  | { readonly kind: 'stored'; readonly entry: OutboxEntry; readonly reply: ReplyOf<'publish'> }
  | { readonly kind: 'failed'; readonly entry: OutboxEntry; readonly error: SendError }
  | { readonly kind: 'renamed'; readonly entry: OutboxEntry; readonly was: string }
  | { readonly kind: 'dropped'; readonly entry: OutboxEntry };
