import { directLog, type Meeting } from '@konferenco/client';
import { ArrowLeft, Handshake, MapPin, MessageSquare, TriangleAlert } from 'lucide-react';
import { lazy, Suspense } from 'react';
import { programme as to, talk } from '../../router.ts';
import { useApp, useLocale, useName, useStore } from '../../state/app.ts';
import { Avatar } from '../../ui/avatar.tsx';
import { Empty, Link, Loading } from '../../ui/parts.tsx';
import { PendingMark } from '../programme/agenda-days.tsx';
import { useProgramme, useWhen } from '../programme/use-programme.ts';
import { AgendaItems } from './agenda-items.tsx';
import { MeetingActions } from './meeting-actions.tsx';
import { StandingMark } from './standing-mark.tsx';

const Minutes = lazy(() => import('../editing.ts').then((m) => ({ default: m.Minutes })));

/** One meeting: with whom, when and where, what stands between it and being agreed, what to talk about, and the minutes. */
export function MeetingDetail({ id }: { readonly id: string }) {
  const { client } = useApp();
  const { t } = useLocale();
  const { items, ready } = useStore(client.meetings);
  const meeting = items.find((m) => m.id === id);
  if (meeting) return <Detail meeting={meeting} />;
  if (!ready) return <Loading />;
  return (
    <Empty icon={Handshake} title={t('meeting.missing')}>
      {t('meeting.missing.words')}
    </Empty>
  );
}

function Detail({ meeting }: { readonly meeting: Meeting }) {
  const { client } = useApp();
  const { t } = useLocale();
  const name = useName(meeting.with);
  const { zone } = useProgramme();
  const when = useWhen(meeting, zone);
  const me = client.me?.id;
  const over = meeting.standing === 'cancelled' || meeting.standing === 'declined';
  return (
    <>
      <header className="conversation-head session-head">
        <Link to={to(null, true)} up className="icon-button only-narrow" label={t('back')}>
          <ArrowLeft size={20} aria-hidden className="flip-rtl" />
        </Link>
        <span className="spring" />
        {meeting.pending && <PendingMark words />}
      </header>
      <article className="session-detail">
        <h1 tabIndex={-1} data-heading dir="auto" className={over ? 'struck' : undefined}>
          {meeting.title}
        </h1>
        <p className="standing">
          <StandingMark meeting={meeting} />
        </p>
        {meeting.accept_again && (
          <p className="state-line needs">
            <TriangleAlert size={18} aria-hidden />
            {t('meeting.again')}
          </p>
        )}
        {meeting.reason !== '' && over && (
          <blockquote className="quoted" dir="auto">
            {meeting.reason}
          </blockquote>
        )}
        <div className="facts">
          <p className="tabular">{when.venue}</p>
          {when.own && <p className="tabular hint">{t('programme.own_time', { time: when.own })}</p>}
          {meeting.place !== '' && (
            <p dir="auto">
              <MapPin size={16} aria-hidden /> {meeting.place}
            </p>
          )}
        </div>
        <Clashes meeting={meeting} />
        <MeetingActions meeting={meeting} />
        {meeting.note !== '' && (
          <p className="abstract" dir="auto">
            {meeting.note}
          </p>
        )}
        <ul className="rows flush">
          <li>
            <Link to={{ name: 'people', user: meeting.with }} className="row">
              <Avatar id={meeting.with} name={name} size="small" />
              <span className="row-title">
                <bdi>{name}</bdi>
              </span>
            </Link>
          </li>
        </ul>
        {me !== undefined && (
          <Link to={talk(directLog(me, meeting.with))} className="button">
            <MessageSquare size={18} aria-hidden />
            {t('meeting.talk', { name })}
          </Link>
        )}
        <AgendaItems meeting={meeting} />
        <Suspense fallback={<Loading />}>
          <Minutes meeting={meeting.id} name={name} />
        </Suspense>
      </article>
    </>
  );
}

/** What else the person has at that time. */
export function Clashes({ meeting }: { readonly meeting: Meeting }) {
  const { t } = useLocale();
  if (meeting.clashes.length === 0 || meeting.standing === 'declined' || meeting.standing === 'cancelled') return null;
  return (
    <section className="state-line needs clash">
      <TriangleAlert size={18} aria-hidden />
      <div>
        <p>{t('programme.clash')}</p>
        <ul>
          {meeting.clashes.map(({ kind, id, title }) => (
            <li key={id}>
              <Link to={kind === 'session' ? to(id, true) : { name: 'meeting', meeting: id }}>{title}</Link>
            </li>
          ))}
        </ul>
      </div>
    </section>
  );
}
