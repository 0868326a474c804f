import { channelLog, type Session } from '@konferenco/client';
import { ArrowLeft, CalendarDays, MessagesSquare } from 'lucide-react';
import { useMemo } from 'react';
import { dayKey } from '../../i18n/locale.ts';
import { talk } from '../../router.ts';
import { useApp, useLocale, useNow, useStore } from '../../state/app.ts';
import { ArrowList } from '../../ui/arrow-list.tsx';
import { Empty, Failed, Link, Loading } from '../../ui/parts.tsx';
import { EventPicker } from '../shell/event-picker.tsx';

/** The sessions of the event by day, in the venue's time, and one of them beside the list. */
export function ProgrammePlace({ session }: { readonly session: string | null }) {
  const { venue } = useApp();
  const { t } = useLocale();
  const { value, loading, error } = useStore(venue.programme);
  const chosen = value?.sessions.find((s) => s.id === session) ?? null;
  const zone = value?.event.time_zone;
  return (
    <main className="place" id="main" data-depth={chosen === null ? 0 : 1}>
      <section className="list-column" aria-label={t('place.programme')}>
        <header className="list-head">
          <div className="list-title">
            <h1 tabIndex={-1} data-heading>
              {t('place.programme')}
            </h1>
            <EventPicker />
          </div>
        </header>
        <div className="list-scroll">
          {zone && <p className="hint list-hint">{t('programme.zone', { zone: zone.replaceAll('_', ' ') })}</p>}
          {error !== null && <Failed reason={error} retry={() => void venue.programme.refresh()} />}
          {value === null && loading && <Loading />}
          {value?.sessions.length === 0 && (
            <Empty icon={CalendarDays} title={t('programme.empty')}>
              {t('programme.empty.words')}
            </Empty>
          )}
          {value && value.sessions.length > 0 && <Days sessions={value.sessions} zone={zone} current={session} />}
        </div>
      </section>
      <div className="main-column" id="content" tabIndex={-1}>
        {chosen ? (
          <SessionDetail session={chosen} zone={zone} />
        ) : (
          <Empty icon={CalendarDays} title={t('programme.choose')}>
            {t('programme.choose.words')}
          </Empty>
        )}
      </div>
    </main>
  );
}

interface DaysProps {
  readonly sessions: readonly Session[];
  readonly zone: string | undefined;
  readonly current: string | null;
}

function Days({ sessions, zone, current }: DaysProps) {
  const locale = useLocale();
  const now = useNow();
  const days = useMemo(
    () => [
      ...Map.groupBy(
        sessions.toSorted((a, b) => a.starts_at - b.starts_at),
        (s) => dayKey(s.starts_at, zone),
      ).entries(),
    ],
    [sessions, zone],
  );
  return days.map(([key, list]) => {
    const title = locale.day(list[0]?.starts_at ?? 0, now, zone);
    return (
      <section key={key} aria-label={title}>
        <h2 className="list-section sticky">{title}</h2>
        <ArrowList label={title} className="rows">
          {list.map((s) => {
            const running = s.starts_at <= now && now < s.ends_at;
            return (
              <li key={s.id}>
                <Link to={{ name: 'programme', session: s.id }} className="row session" current={current === s.id} item>
                  <span className="session-time tabular">{locale.clock(s.starts_at, zone)}</span>
                  <span className="row-main">
                    <span className="row-title wrap">
                      <bdi>{s.title}</bdi>
                    </span>
                    <span className="row-preview">
                      {[s.room, locale.list(s.speakers.map((p) => p.name))].filter(Boolean).join(' · ')}
                    </span>
                  </span>
                  {running && <span className="tag now">{locale.t('programme.now')}</span>}
                </Link>
              </li>
            );
          })}
        </ArrowList>
      </section>
    );
  });
}

function SessionDetail({ session, zone }: { readonly session: Session; readonly zone: string | undefined }) {
  const locale = useLocale();
  const now = useNow();
  const { t } = locale;
  return (
    <>
      <header className="conversation-head only-narrow">
        <Link to={{ name: 'programme', session: null }} up className="icon-button" label={t('back')}>
          <ArrowLeft size={20} aria-hidden className="flip-rtl" />
        </Link>
      </header>
      <article className="session-detail">
        <h2 tabIndex={-1} data-heading dir="auto">
          {session.title}
        </h2>
        <p className="tabular">
          {locale.day(session.starts_at, now, zone)}, {locale.clock(session.starts_at, zone)}–
          {locale.clock(session.ends_at, zone)}
        </p>
        {session.room && <p dir="auto">{session.room}</p>}
        {session.speakers.length > 0 && (
          <p className="speakers">
            {session.speakers.map((s, i) => (
              <span key={s.user_id ?? s.name}>
                {i > 0 && ', '}
                {s.user_id ? <Link to={{ name: 'people', user: s.user_id }}>{s.name}</Link> : s.name}
              </span>
            ))}
          </p>
        )}
        {session.abstract && (
          <p className="abstract" dir="auto">
            {session.abstract}
          </p>
        )}
        {session.channel_id && (
          <Link to={talk(channelLog(session.channel_id))} className="button primary">
            <MessagesSquare size={18} aria-hidden />
            {t('programme.open_channel')}
          </Link>
        )}
      </article>
    </>
  );
}
