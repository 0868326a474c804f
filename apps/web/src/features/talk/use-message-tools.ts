import type { Conversation, Message } from '@konferenco/client';
import { type RefObject, useMemo } from 'react';
import { talk } from '../../router.ts';
import { useApp, useLocale } from '../../state/app.ts';
import type { ComposerHandle } from './composer.tsx';
import type { MessageActions } from './talk-context.tsx';

interface ToolsOptions {
  readonly conversation: Conversation;
  readonly mayPost: boolean;
  readonly composer: RefObject<ComposerHandle | null>;
  readonly report: (message: Message) => void;
  /** Set inside a thread: what is sent answers this root. */
  readonly thread?: string;
  readonly openThread?: (message: Message) => void;
}

export interface MessageTools extends MessageActions {
  readonly send: (text: string, mentions: readonly string[], replyTo: string | undefined) => void;
  readonly saveEdit: (id: string, text: string, mentions: readonly string[]) => void;
  /** One's own newest message here that can be edited. */
  readonly lastOwn: () => Message | null;
}

/** Everything that can be done with the messages of one view. Failures are said; a failed send is shown by the message itself. */
export function useMessageTools(options: ToolsOptions): MessageTools {
  const { client, announcer, navigator } = useApp();
  const { t, why } = useLocale();
  const { conversation, mayPost, composer, report, thread, openThread } = options;
  return useMemo(() => {
    const tell = (error: unknown): void => announcer.show(t('failed.action', { reason: why(error) }), { harm: true });
    const timeline = () => (thread === undefined ? conversation : conversation.thread(thread)).state().timeline;
    const messages = (): readonly Message[] => timeline().filter((e) => e.kind === 'message');
    const find = (id: string): Message | null => {
      const everywhere = [...messages(), ...conversation.state().timeline];
      return (everywhere.find((e) => e.kind === 'message' && e.id === id) as Message | undefined) ?? null;
    };
    const jumpTo = (id: string): void => navigator.go(talk(conversation.log, null, id));
    return {
      conversation,
      mayPost,
      find,
      jumpTo,
      report,
      ...(openThread ? { openThread } : {}),
      ...(thread === undefined ? { reply: (m: Message) => composer.current?.reply(m.id) } : {}),
      edit: (m) => composer.current?.edit(m),
      remove: (m) => {
        conversation.remove(m.id).then(() => announcer.show(t('deleted')), tell);
      },
      react: (m, emoji) => {
        const mine = m.reactions.some((r) => r.emoji === emoji && r.users.includes(client.me?.id ?? ''));
        conversation.react(m.id, emoji, mine ? 'remove' : 'add').catch(tell);
      },
      copy: (m) => {
        copyText(m.text).then(() => announcer.show(t('copied')), tell);
      },
      send: (text, mentions, replyTo) => {
        const sent = conversation.send(text, {
          ...(mentions.length > 0 ? { mentions } : {}),
          ...(replyTo === undefined ? {} : { reply_to: replyTo }),
          ...(thread === undefined ? {} : { thread }),
        });
        // The message itself shows that it failed, why, and Retry.
        sent.catch(() => {});
      },
      saveEdit: (id, text, mentions) => {
        // A message that waits, edited and then removed, is what the person wanted.
        conversation.edit(id, text, { mentions }).catch((error: unknown) => isDiscarded(error) || tell(error));
      },
      lastOwn: () => messages().findLast((m) => m.sender === client.me?.id && m.state !== 'failed' && !m.gone) ?? null,
    };
  }, [client, announcer, navigator, t, why, conversation, mayPost, composer, report, thread, openThread]);
}

function isDiscarded(error: unknown): boolean {
  return (error as { readonly error?: unknown } | null)?.error === 'discarded';
}

/** Writes to the clipboard; rejects where the browser has none (plain http on another host). */
async function copyText(text: string): Promise<void> {
  if (!globalThis.navigator.clipboard) throw new Error('The clipboard needs https.');
  await globalThis.navigator.clipboard.writeText(text);
}
