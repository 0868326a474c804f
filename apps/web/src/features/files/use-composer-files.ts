import { type Conversation, LIMITS } from '@konferenco/client';
import { useMemo } from 'react';
import { useApp, useLocale, useStore } from '../../state/app.ts';
import { useOutgoing } from './use-files.ts';

export interface SaidWithFiles {
  readonly text: string;
  readonly mentions: readonly string[];
  readonly replyTo: string | undefined;
}

/** Files of one composer: those chosen, and whether there is anything of it to show. */
export interface ComposerFiles {
  readonly count: number;
  readonly isShown: boolean;
  add(files: readonly File[]): void;
  /** Keeps message and files here, from where they are sent. False when they could not be kept: they are chosen still. */
  send(said: SaidWithFiles): Promise<boolean>;
}

export interface ComposerFilesOptions {
  readonly place: string;
  readonly conversation: Conversation;
  readonly thread: string | undefined;
}

export function useComposerFiles({ place, conversation, thread }: ComposerFilesOptions): ComposerFiles {
  const { files, announcer, client } = useApp();
  const { t, why } = useLocale();
  const store = files.chosen(place);
  const chosen = useStore(store);
  const outgoing = useOutgoing(conversation.log, thread);
  return useMemo(() => {
    const tell = (words: string): void => announcer.show(words, { harm: true });
    return {
      count: chosen.length,
      isShown: chosen.length > 0 || outgoing.length > 0,
      add(more) {
        const full = more.filter(({ size }) => size > 0);
        const empty = more.find(({ size }) => size === 0);
        if (empty) tell(t('files.empty', { name: empty.name }));
        const room = LIMITS.attachments - store.state().length;
        if (full.length > room) tell(t('files.too_many', { most: LIMITS.attachments }));
        files.choose(place, full.slice(0, Math.max(0, room)));
      },
      async send({ text, mentions, replyTo }) {
        const taken = store.state();
        store.set([]);
        try {
          const [{ preparePicture, lookOf }, attachments] = await Promise.all([import('./files.ts'), files.open()]);
          const ready = await Promise.all(
            taken.map(async ({ ready: file, original, asIs, isPicture, alt, look }) => {
              if (file === null) return { ...((await preparePicture(original, asIs)) ?? { file: original }), alt };
              return { file, alt, ...(isPicture ? look : await lookOf(file)) };
            }),
          );
          const { stored } = await attachments.send(conversation, ready, {
            text,
            ...(mentions.length > 0 ? { mentions } : {}),
            ...(replyTo === undefined ? {} : { reply_to: replyTo }),
            ...(thread === undefined ? {} : { thread }),
          });
          const { kind } = await attachments.usage();
          if (kind === 'memory') announcer.show(t('files.unkept'));
          else if (client.link.kind !== 'online') announcer.arrived(t('files.queued'), () => t('files.queued'));
          const words = t('files.uploaded', { count: ready.length });
          // What fails stands above the composer, or with its message, and says why.
          stored.then(() => announcer.arrived(words, (count) => t('files.uploaded', { count }))).catch(() => {});
          return true;
        } catch (error) {
          store.set([...taken, ...store.state()]);
          tell(t('files.failed', { reason: why(error) }));
          return false;
        }
      },
    };
  }, [files, announcer, client, t, why, store, chosen, outgoing, conversation, place, thread]);
}
