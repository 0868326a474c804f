import type { Conversation } from '@konferenco/client';
import { useEffect } from 'react';
import { useApp, useLocale } from '../../state/app.ts';

/** Tells screen readers of what others say in the open conversation, politely and not one by one when much is said. */
export function useAnnounceArrivals(conversation: Conversation): void {
  const { client, announcer, directory } = useApp();
  const { t } = useLocale();
  useEffect(
    () =>
      client.on('message', ({ log, item }) => {
        const { envelope } = item;
        if (log !== conversation.log || !envelope || envelope.from.user_id === client.me?.id) return;
        const text = envelope.payload['text'];
        if (envelope.type !== 'chat' || typeof text !== 'string' || envelope.subtype === 'edit') return;
        const name = directory.state().get(envelope.from.user_id)?.name ?? envelope.from.user_id;
        const carried = envelope.payload['attachments'];
        const said = text || t('files.some', { count: Array.isArray(carried) ? carried.length : 1 });
        announcer.arrived(t('arrived', { name, text: said }), (count) => t('arrived.many', { count }));
      }),
    [client, announcer, directory, conversation, t],
  );
}
