import { CalendarDays, Plus, Search } from 'lucide-react';
import { lazy, Suspense, useDeferredValue, useMemo, useState } from 'react';
import { programme as to, type Route } from '../../router.ts';
import { useApp, useLocale } from '../../state/app.ts';
import { Empty, IconButton, Link, Loading } from '../../ui/parts.tsx';
import { MeetingDetail } from '../meetings/meeting-detail.tsx';
import { EventPicker } from '../shell/event-picker.tsx';
import { matching, myAgenda, ofSession, roomsOf } from './agenda.ts';
import { AgendaDays } from './agenda-days.tsx';
import { ProgrammeNotices } from './programme-notices.tsx';
import { SessionDetail } from './session-detail.tsx';
import { type ShownProgramme, useProgramme } from './use-programme.ts';

const SessionEditor = lazy(() => import('../editing.ts').then((m) => ({ default: m.SessionEditor })));

interface ProgrammePlaceProps {
  readonly route: Extract<Route, { readonly name: 'programme' | 'meeting' }>;
}

/** The event's programme or one's own agenda by day, in the venue's time, and one session or meeting beside it. */
export function ProgrammePlace({ route }: ProgrammePlaceProps) {
  const { t } = useLocale();
  const shown = useProgramme();
  const [adding, setAdding] = useState(false);
  const mine = route.name === 'meeting' || route.mine;
  const chosen = route.name === 'meeting' ? route.meeting : route.session;
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
          {shown.organises && <IconButton label={t('session.add')} icon={Plus} onClick={() => setAdding(true)} />}
        </header>
        <Listing key={String(mine)} shown={shown} mine={mine} chosen={chosen} add={() => setAdding(true)} />
      </section>
      <div className="main-column" id="content" tabIndex={-1}>
        <Chosen route={route} shown={shown} />
      </div>
      <Suspense fallback={null}>
        {adding && <SessionEditor shown={shown} session={null} onClose={() => setAdding(false)} />}
      </Suspense>
    </main>
  );
}

function Chosen({ route, shown }: ProgrammePlaceProps & { readonly shown: ShownProgramme }) {
  const { t } = useLocale();
  if (route.name === 'meeting') return <MeetingDetail key={route.meeting} id={route.meeting} />;
  if (route.session === null) {
    return (
      <Empty icon={CalendarDays} title={t('programme.choose')}>
        {t('programme.choose.words')}
      </Empty>
    );
  }
  const session = shown.sessions.find((s) => s.id === route.session);
  if (session) return <SessionDetail key={session.id} session={session} shown={shown} mine={route.mine} />;
  if (!shown.ready) return <Loading />;
  return (
    <Empty icon={CalendarDays} title={t('programme.missing')}>
      {t('programme.missing.words')}
    </Empty>
  );
}

interface ListingProps {
  readonly shown: ShownProgramme;
  readonly mine: boolean;
  readonly chosen: string | null;
  readonly add: () => void;
}

function Listing({ shown, mine, chosen, add }: ListingProps) {
  const { t } = useLocale();
  const [query, setQuery] = useState('');
  const [room, setRoom] = useState('');
  const wanted = useDeferredValue(query);
  const { sessions, meetings, zone } = shown;
  const entries = useMemo(
    () => (mine ? myAgenda(sessions, meetings) : matching(sessions, { query: wanted, room }).map(ofSession)),
    [mine, sessions, meetings, wanted, room],
  );
  return (
    <>
      <div className="list-tools programme-tools">
        <nav className="segments" aria-label={t('programme.show')}>
          <Link to={to()} current={!mine}>
            {t('programme.all')}
          </Link>
          <Link to={to(null, true)} current={mine}>
            {t('programme.mine')}
          </Link>
        </nav>
        {!mine && sessions.length > 0 && (
          <div className="programme-filter">
            <label className="search-field">
              <Search size={18} aria-hidden />
              <input
                type="search"
                className="field"
                aria-label={t('programme.search')}
                placeholder={t('search')}
                value={query}
                onChange={(event) => setQuery(event.target.value)}
              />
            </label>
            <select
              className="field"
              aria-label={t('programme.room')}
              value={room}
              onChange={(event) => setRoom(event.target.value)}
            >
              <option value="">{t('programme.room.all')}</option>
              {roomsOf(sessions).map((name) => (
                <option key={name} value={name}>
                  {name}
                </option>
              ))}
            </select>
          </div>
        )}
      </div>
      <div className="list-scroll" data-programme>
        <ProgrammeNotices shown={shown} />
        {zone && entries.length > 0 && (
          <p className="hint list-hint">{t('programme.zone', { zone: zone.replaceAll('_', ' ') })}</p>
        )}
        {!shown.ready && sessions.length === 0 && <Loading />}
        {shown.ready && entries.length === 0 && (
          <NothingHere mine={mine} any={sessions.length > 0} add={shown.organises ? add : null} />
        )}
        <AgendaDays entries={entries} shown={shown} mine={mine} chosen={chosen} />
      </div>
    </>
  );
}

interface NothingHereProps {
  readonly mine: boolean;
  /** There are sessions, but none that fits. */
  readonly any: boolean;
  /** Puts the first session on the programme; `null` for those who may not. */
  readonly add: (() => void) | null;
}

function NothingHere({ mine, any, add }: NothingHereProps) {
  const { navigator } = useApp();
  const { t } = useLocale();
  if (mine) {
    return (
      <Empty
        icon={CalendarDays}
        title={t('programme.mine.empty')}
        action={
          <button type="button" className="button primary" onClick={() => navigator.go(to())}>
            {t('programme.all')}
          </button>
        }
      >
        {t('programme.mine.empty.words')}
      </Empty>
    );
  }
  return (
    <Empty
      icon={CalendarDays}
      title={any ? t('programme.nothing') : t('programme.empty')}
      action={
        !any &&
        add && (
          <button type="button" className="button primary" onClick={add}>
            {t('session.add')}
          </button>
        )
      }
    >
      {any ? t('programme.nothing.words') : t('programme.empty.words')}
    </Empty>
  );
}
