import type { Channel } from '@konferenco/client';
import type { Locale } from '../../i18n/locale.ts';

export type Reach = 'public' | 'announce' | 'private' | 'direct';

export interface Audience {
  readonly reach: Reach;
  /** Who can read this, in words. */
  readonly words: string;
}

export type ConversationSubject =
  | { readonly kind: 'channel'; readonly channel: Channel }
  | { readonly kind: 'direct'; readonly peer: string; readonly name: string }
  | { readonly kind: 'self' };

/** Who can read a conversation. What the server's operator could see is said as well. */
export function audienceOf(subject: ConversationSubject, { t }: Locale): Audience {
  if (subject.kind === 'self') return { reach: 'direct', words: t('audience.self') };
  if (subject.kind === 'direct') return { reach: 'direct', words: t('audience.direct', { name: subject.name }) };
  switch (subject.channel.visibility) {
    case 'public':
      return { reach: 'public', words: t('audience.public') };
    case 'announce':
      return { reach: 'announce', words: t('audience.announce') };
    case 'private':
      return { reach: 'private', words: t('audience.private') };
  }
}
