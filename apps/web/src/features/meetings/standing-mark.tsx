import type { Meeting } from '@konferenco/client';
import { Ban, Check, CircleHelp, Hourglass } from 'lucide-react';
import type { Locale } from '../../i18n/locale.ts';
import { useApp, useLocale, useName } from '../../state/app.ts';

/** Where a meeting stands, in words. */
export function standingWords(meeting: Meeting, { name, me, t }: { name: string; me: string; t: Locale['t'] }): string {
  switch (meeting.standing) {
    case 'agreed':
      return t('meeting.agreed');
    case 'declined':
      return t('meeting.declined');
    case 'cancelled':
      return t('meeting.cancelled');
    case 'waiting_for_them':
      return t('meeting.waiting_for_them', { name });
    case 'waiting_for_me':
      return meeting.by === me || meeting.accept_again
        ? t('meeting.counter', { name })
        : t('meeting.waiting_for_me', { name });
  }
}

const ICONS = {
  agreed: Check,
  declined: Ban,
  cancelled: Ban,
  waiting_for_them: Hourglass,
  waiting_for_me: CircleHelp,
} as const;

/** The same as a small label with a sign. */
export function StandingMark({ meeting }: { readonly meeting: Meeting }) {
  const { client } = useApp();
  const { t } = useLocale();
  const name = useName(meeting.with);
  const Icon = ICONS[meeting.standing];
  const look = { agreed: '', waiting_for_them: '', waiting_for_me: ' needs', declined: ' harm', cancelled: ' harm' };
  return (
    <span className={`tag wrap${look[meeting.standing]}`}>
      <Icon size={12} aria-hidden /> {standingWords(meeting, { name, me: client.me?.id ?? '', t })}
    </span>
  );
}
