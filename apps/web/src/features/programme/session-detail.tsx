import { channelLog, type ProgrammeSession } from '@konferenco/client';
import {
  ArrowLeft,
  Ban,
  CalendarCheck,
  EllipsisVertical,
  MapPin,
  MessagesSquare,
  Pencil,
  RefreshCw,
  Star,
  TriangleAlert,
  Undo2,
} from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { programme as to, talk } from '../../router.ts';
import { useLocale } from '../../state/app.ts';
import { Avatar } from '../../ui/avatar.tsx';
import { MenuButton } from '../../ui/menu.tsx';
import { Link } from '../../ui/parts.tsx';
import { type AgendaEntry, clashesOf } from './agenda.ts';
import { PendingMark } from './agenda-days.tsx';
import { useChangeWords } from './programme-notices.tsx';
import { type ShownProgramme, useAct, useSpan, useWhen } from './use-programme.ts';

const SessionEditor = lazy(() => import('../editing.ts').then((m) => ({ default: m.SessionEditor })));
const CancelSession = lazy(() => import('../editing.ts').then((m) => ({ default: m.CancelSession })));

interface SessionDetailProps {
  readonly session: ProgrammeSession;
  readonly shown: ShownProgramme;
  /** The list beside it is one's own agenda. */
  readonly mine: boolean;
}

/** A session: when and where, whether one goes, what it is about, who speaks, and where to talk about it. */
export function SessionDetail({ session, shown, mine }: SessionDetailProps) {
  const { t } = useLocale();
  const when = useWhen(session, shown.zone);
  const off = session.cancelled !== null;
  return (
    <>
      <header className="conversation-head session-head">
        <Link to={to(null, mine)} up className="icon-button only-narrow" label={t('back')}>
          <ArrowLeft size={20} aria-hidden className="flip-rtl" />
        </Link>
        <span className="spring" />
        {session.pending && <PendingMark words />}
        {shown.organises && <Organise session={session} shown={shown} />}
      </header>
      <article className="session-detail">
        <h1 tabIndex={-1} data-heading dir="auto" className={off ? 'struck' : undefined}>
          {session.title}
        </h1>
        <State session={session} shown={shown} />
        <div className="facts">
          <p className="tabular">{when.venue}</p>
          {when.own && <p className="tabular hint">{t('programme.own_time', { time: when.own })}</p>}
          {session.room && (
            <p dir="auto">
              <MapPin size={16} aria-hidden /> {session.room}
            </p>
          )}
        </div>
        <Mine session={session} shown={shown} />
        <Clashes
          entries={session.attending || session.favourite ? clashesOf(session, shown.sessions, shown.meetings) : []}
          shown={shown}
        />
        {session.abstract && (
          <p className="abstract" dir="auto">
            {session.abstract}
          </p>
        )}
        <Speakers session={session} />
        {session.channel_id && (
          <Link to={talk(channelLog(session.channel_id))} className="button">
            <MessagesSquare size={18} aria-hidden />
            {t('programme.open_channel')}
          </Link>
        )}
      </article>
    </>
  );
}

/** Cancelled or changed, in words and with a sign: never by colour alone. */
function State({ session, shown }: { readonly session: ProgrammeSession; readonly shown: ShownProgramme }) {
  const { t } = useLocale();
  const words = useChangeWords(shown.zone);
  if (session.cancelled) {
    const { reason } = session.cancelled;
    return (
      <p className="state-line harm">
        <Ban size={18} aria-hidden />
        {reason === '' ? t('programme.cancelled') : t('programme.cancelled.why', { reason })}
      </p>
    );
  }
  const changes = shown.notices.find((n) => n.session === session.id)?.changes ?? [];
  if (changes.length === 0) return null;
  return (
    <p className="state-line needs">
      <RefreshCw size={18} aria-hidden />
      {changes.map(words).join(' · ')}
    </p>
  );
}

/** The star and "I'll be there", with how many others go. */
function Mine({ session, shown }: { readonly session: ProgrammeSession; readonly shown: ShownProgramme }) {
  const { t } = useLocale();
  const act = useAct();
  const { programme } = shown;
  return (
    <div className="session-actions">
      <button
        type="button"
        className="button toggle"
        aria-pressed={session.attending}
        disabled={session.cancelled !== null && !session.attending}
        onClick={() => act(programme?.setAttending(session.id, !session.attending))}
      >
        <CalendarCheck size={18} aria-hidden />
        {t('programme.attend')}
      </button>
      <button
        type="button"
        className="button toggle star"
        aria-pressed={session.favourite}
        onClick={() => act(programme?.setFavourite(session.id, !session.favourite))}
      >
        <Star size={18} aria-hidden />
        {t('programme.favourite')}
      </button>
      {session.attendance > 0 && (
        <span className="hint tabular">{t('programme.going', { count: session.attendance })}</span>
      )}
    </div>
  );
}

function Clashes({ entries, shown }: { readonly entries: readonly AgendaEntry[]; readonly shown: ShownProgramme }) {
  const { t } = useLocale();
  const span = useSpan();
  if (entries.length === 0) return null;
  return (
    <section className="state-line needs clash">
      <TriangleAlert size={18} aria-hidden />
      <div>
        <p>{t('programme.clash')}</p>
        <ul>
          {entries.map((entry) =>
            entry.kind === 'session' ? (
              <li key={entry.id}>
                <Link to={to(entry.id)}>{entry.session.title}</Link> {span(entry.session, shown.zone)}
              </li>
            ) : (
              <li key={entry.id}>
                <Link to={{ name: 'meeting', meeting: entry.id }}>{entry.meeting.title}</Link>{' '}
                {span(entry.meeting, shown.zone)}
              </li>
            ),
          )}
        </ul>
      </div>
    </section>
  );
}

function Speakers({ session }: { readonly session: ProgrammeSession }) {
  const { t } = useLocale();
  if (session.speakers.length === 0) return null;
  return (
    <section>
      <h2 className="detail-title">{t('programme.speakers')}</h2>
      <ul className="rows flush">
        {session.speakers.map(({ name, user_id }) => (
          <li key={user_id ?? name}>
            {user_id ? (
              <Link to={{ name: 'people', user: user_id }} className="row">
                <Avatar id={user_id} name={name} size="small" />
                <span className="row-title">
                  <bdi>{name}</bdi>
                </span>
              </Link>
            ) : (
              <span className="row still">
                <Avatar id={name} name={name} size="small" />
                <span className="row-title">
                  <bdi>{name}</bdi>
                </span>
              </span>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What organisers may do with a session. */
function Organise({ session, shown }: { readonly session: ProgrammeSession; readonly shown: ShownProgramme }) {
  const { t } = useLocale();
  const act = useAct();
  const [open, setOpen] = useState<'nothing' | 'edit' | 'cancel'>('nothing');
  const close = (): void => setOpen('nothing');
  return (
    <>
      <MenuButton
        label={t('session.actions')}
        icon={EllipsisVertical}
        actions={[
          { label: t('session.edit'), icon: Pencil, run: () => setOpen('edit') },
          session.cancelled
            ? {
                label: t('session.reinstate'),
                icon: Undo2,
                run: () => act(shown.programme?.change(session.id, { cancelled: false })),
              }
            : { label: t('session.cancel'), icon: Ban, harm: true, run: () => setOpen('cancel') },
        ]}
      />
      <Suspense fallback={null}>
        {open === 'edit' && <SessionEditor shown={shown} session={session} onClose={close} />}
        {open === 'cancel' && <CancelSession shown={shown} session={session} onClose={close} />}
      </Suspense>
    </>
  );
}
