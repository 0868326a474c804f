import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { asError, type KonferencoError } from '../errors.ts';
import type { Conversation, ConversationState, Thread } from '../types.ts';
import { useClient, useShared } from './context.ts';

export interface ShownConversation {
  readonly conversation: Conversation;
  readonly state: ConversationState;
  /** Why the server refused to open it. */
  readonly refused: KonferencoError | null;
}

/** Opens a conversation while the component is shown, and renders again when it changes. */
export function useConversation(conversation: Conversation): ShownConversation {
  const { openings } = useShared();
  const [refused, setRefused] = useState<KonferencoError | null>(null);
  useEffect(() => {
    let shown = true;
    openings.set(conversation, (openings.get(conversation) ?? 0) + 1);
    setRefused(null);
    conversation.open().catch((thrown: unknown) => {
      if (shown) setRefused(asError(thrown));
    });
    return () => {
      shown = false;
      const left = (openings.get(conversation) ?? 1) - 1;
      openings.set(conversation, left);
      if (left > 0) return;
      openings.delete(conversation);
      conversation.close();
    };
  }, [conversation, openings]);
  return { conversation, state: useConversationState(conversation), refused };
}

/** A conversation's state without opening it. */
export function useConversationState(conversation: Conversation): ConversationState {
  const subscribe = useCallback((changed: () => void) => conversation.subscribe(changed), [conversation]);
  const read = useCallback(() => conversation.state(), [conversation]);
  return useSyncExternalStore(subscribe, read, read);
}

/** {@link useConversation} for a channel. */
export function useChannel(id: string): ShownConversation {
  const client = useClient();
  return useConversation(useMemo(() => client.channel(id), [client, id]));
}

/** {@link useConversation} for the direct conversation with a person. */
export function useDirect(user: string): ShownConversation {
  const client = useClient();
  return useConversation(useMemo(() => client.direct(user), [client, user]));
}

export interface ShownThread {
  readonly thread: Thread;
  readonly state: ReturnType<Thread['state']>;
  /** Why the server refused to show it. */
  readonly refused: KonferencoError | null;
}

/** The replies to one message, loaded while the component is shown. */
export function useThread(conversation: Conversation, root: string): ShownThread {
  const thread = useMemo(() => conversation.thread(root), [conversation, root]);
  const [refused, setRefused] = useState<KonferencoError | null>(null);
  useEffect(() => {
    let shown = true;
    setRefused(null);
    thread.open().catch((thrown: unknown) => {
      if (shown) setRefused(asError(thrown));
    });
    return () => {
      shown = false;
    };
  }, [thread]);
  const subscribe = useCallback((changed: () => void) => thread.subscribe(changed), [thread]);
  const read = useCallback(() => thread.state(), [thread]);
  return { thread, state: useSyncExternalStore(subscribe, read, read), refused };
}
