import type { ConversationInfo } from '@konferenco/protocol';
import type { Message } from './types.ts';

/** My conversations. */
export interface ConversationList {
  state(): { readonly items: readonly ConversationSummary[]; readonly loading: boolean };
  subscribe(fn: () => void): () => void;
  refresh(): Promise<void>;
}
export interface ConversationSummary extends ConversationInfo {
  readonly unread: number;
  readonly mentions: number;
  /**
   * One line of the newest message: when it arrived by the server's clock, which orders the list, and when it was written
   * (Unix ms). With `state`, an own one that is not on the server yet; it is the newest whatever others wrote meanwhile.
   */
  readonly preview: {
    readonly sender: string;
    readonly text: string;
    readonly at: number;
    readonly timestamp: number;
    readonly state?: Message['state'];
    readonly error?: Message['error'];
  } | null;
}
