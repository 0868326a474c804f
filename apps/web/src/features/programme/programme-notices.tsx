import type { ProgrammeNotice } from '@konferenco/client';
import { RefreshCw } from 'lucide-react';
import { dayKey } from '../../i18n/locale.ts';
import { programme as to } from '../../router.ts';
import { useLocale, useNow } from '../../state/app.ts';
import { Link } from '../../ui/parts.tsx';
import type { ShownProgramme } from './use-programme.ts';

/** What changed about the sessions that are mine: several changes of one are one line. */
export function ProgrammeNotices({ shown }: { readonly shown: ShownProgramme }) {
  const { t } = useLocale();
  const { notices, programme, zone } = shown;
  const changes = useChangeWords(zone);
  const count = notices.reduce((sum, notice) => sum + notice.changes.length, 0);
  if (count === 0) return null;
  return (
    <section className="needs-box" aria-label={t('programme.changes', { count })}>
      <h2>
        <RefreshCw size={16} aria-hidden />
        {t('programme.changes', { count })}
      </h2>
      <ul>
        {notices.map((notice) => (
          <li key={notice.session}>
            <Link to={to(notice.session)}>
              <bdi>{notice.title}</bdi>
            </Link>
            <span>{notice.changes.map(changes).join(' · ')}</span>
          </li>
        ))}
      </ul>
      <button type="button" className="button quiet" onClick={() => programme?.dismissNotices()}>
        {t('programme.changes.seen')}
      </button>
    </section>
  );
}

/** A change in words. Times name the day when it is another one. */
export function useChangeWords(zone: string | undefined): (change: ProgrammeNotice['changes'][number]) => string {
  const locale = useLocale();
  const now = useNow();
  const { t } = locale;
  return (change) => {
    switch (change.field) {
      case 'time': {
        const sameDay = dayKey(change.was, zone) === dayKey(change.now, zone);
        const words = (at: number): string =>
          sameDay ? locale.clock(at, zone) : `${locale.day(at, now, zone)}, ${locale.clock(at, zone)}`;
        return t('change.time', { now: words(change.now), was: words(change.was) });
      }
      case 'room':
        return t('change.room', change);
      case 'title':
        return t('change.title', change);
      case 'speakers':
        return t('change.speakers', change);
      case 'cancelled':
        return change.reason === ''
          ? t('programme.cancelled')
          : t('programme.cancelled.why', { reason: change.reason });
      case 'reinstated':
        return t('change.reinstated');
    }
  };
}
