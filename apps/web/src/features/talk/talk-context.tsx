import type { Conversation, Message } from '@konferenco/client';
import { createContext, useContext } from 'react';

/** What may be done with a message, and how; stable for the life of a conversation's view. */
export interface MessageActions {
  readonly conversation: Conversation;
  /** Whether one may write here. */
  readonly mayPost: boolean;
  /** Absent inside a thread, where everything said answers its root. */
  readonly reply?: (message: Message) => void;
  readonly openThread?: (message: Message) => void;
  readonly edit: (message: Message) => void;
  readonly remove: (message: Message) => void;
  readonly report: (message: Message) => void;
  readonly react: (message: Message, emoji: string) => void;
  readonly copy: (message: Message) => void;
  /** The message an answer quotes, when it is loaded. */
  readonly find: (id: string) => Message | null;
  readonly jumpTo: (id: string) => void;
  /** A message that came late was in view. */
  readonly lateSeen?: (id: string) => void;
}

export const MessageActionsContext = createContext<MessageActions | null>(null);

export function useMessageActions(): MessageActions {
  const actions = useContext(MessageActionsContext);
  if (actions === null) throw new Error('useMessageActions needs a MessageActionsContext above it');
  return actions;
}
