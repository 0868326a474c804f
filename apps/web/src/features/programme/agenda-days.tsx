import type { Meeting, ProgrammeSession } from '@konferenco/client';
import { Ban, Check, Clock, Handshake, RefreshCw, Star } from 'lucide-react';
import { useEffect, useMemo, useRef } from 'react';
import { dayKey } from '../../i18n/locale.ts';
import { programme as to } from '../../router.ts';
import { useLocale, useName, useNow } from '../../state/app.ts';
import { ArrowList } from '../../ui/arrow-list.tsx';
import { IconButton, Link } from '../../ui/parts.tsx';
import { StandingMark } from '../meetings/standing-mark.tsx';
import { type AgendaEntry, byDay, needsMe, nextStart, phaseOf, slotOf } from './agenda.ts';
import { type ShownProgramme, useAct } from './use-programme.ts';

interface AgendaDaysProps {
  readonly entries: readonly AgendaEntry[];
  readonly shown: ShownProgramme;
  readonly mine: boolean;
  readonly chosen: string | null;
}

/** Days, each with its sessions and meetings. What waits for an answer stands above them. */
export function AgendaDays({ entries, shown, mine, chosen }: AgendaDaysProps) {
  const locale = useLocale();
  const now = useNow();
  const { zone, sessions } = shown;
  const open = mine ? entries.filter((e) => e.kind === 'meeting' && needsMe(e.meeting) && e.meeting.ends_at > now) : [];
  const days = useMemo(() => byDay(entries, zone), [entries, zone]);
  const next = useMemo(() => nextStart(sessions, now), [sessions, now]);
  const first = entries
    .filter((e) => slotOf(e).ends_at > now)
    .toSorted((a, b) => slotOf(a).starts_at - slotOf(b).starts_at)[0];
  const ref = useScrollToNow(first?.id ?? null, entries.length > 0 && open.length === 0 && shown.notices.length === 0);
  const rows = (list: readonly AgendaEntry[], dated = false) =>
    list.map((entry) =>
      entry.kind === 'session' ? (
        <SessionRow
          key={entry.id}
          session={entry.session}
          shown={shown}
          mine={mine}
          current={chosen === entry.id}
          phase={entry.session.cancelled ? 'later' : phaseOf(entry.session, now, next)}
        />
      ) : (
        <MeetingRow
          key={entry.id}
          meeting={entry.meeting}
          zone={zone}
          current={chosen === entry.id}
          past={entry.meeting.ends_at <= now}
          dated={dated}
        />
      ),
    );
  return (
    <div ref={ref}>
      {open.length > 0 && (
        <section aria-label={locale.t('meeting.needs_you')}>
          <h2 className="list-section sticky">{locale.t('meeting.needs_you')}</h2>
          <ArrowList label={locale.t('meeting.needs_you')} className="rows">
            {rows(open, true)}
          </ArrowList>
        </section>
      )}
      {days.map(({ key, entries: all }) => {
        const title = locale.day(slotOf(all[0] as AgendaEntry).starts_at, now, zone);
        const list = all.filter((e) => !open.includes(e));
        if (list.length === 0) return null;
        return (
          <section key={key} aria-label={title}>
            <h2 className="list-section sticky">{title}</h2>
            <ArrowList label={title} className="rows">
              {rows(list)}
            </ArrowList>
          </section>
        );
      })}
    </div>
  );
}

/** Opens the list at what runs now, once: days that are over lie above. */
function useScrollToNow(id: string | null, wanted: boolean) {
  const ref = useRef<HTMLDivElement>(null);
  const done = useRef(false);
  useEffect(() => {
    if (done.current || id === null || !wanted) return;
    done.current = true;
    const list = ref.current?.closest('.list-scroll');
    const row = ref.current?.querySelector(`[data-entry="${CSS.escape(id)}"]`);
    const before = row?.previousElementSibling ?? row?.closest('section')?.previousElementSibling;
    // At the top of everything there is nothing to pass over.
    if (!list || !row || !before) return;
    const heading = row.closest('section')?.querySelector('h2')?.clientHeight ?? 0;
    list.scrollTop += row.getBoundingClientRect().top - list.getBoundingClientRect().top - heading;
  }, [id, wanted]);
  return ref;
}

interface SessionRowProps {
  readonly session: ProgrammeSession;
  readonly shown: ShownProgramme;
  readonly mine: boolean;
  readonly current: boolean;
  readonly phase: ReturnType<typeof phaseOf>;
}

function SessionRow({ session, shown, mine, current, phase }: SessionRowProps) {
  const locale = useLocale();
  const { t } = locale;
  const act = useAct();
  const changed = shown.notices.some((n) => n.session === session.id);
  const off = session.cancelled !== null;
  const detail = [session.room, locale.list(session.speakers.map((p) => p.name))].filter(Boolean).join(' · ');
  return (
    <li className={`agenda-row${phase === 'past' ? ' past' : ''}`} data-entry={session.id}>
      <Link to={to(session.id, mine)} className={off ? 'row session off' : 'row session'} current={current} item>
        <span className="session-time tabular">{locale.clock(session.starts_at, shown.zone)}</span>
        <span className="row-main">
          <span className="row-title wrap">
            <bdi>{session.title}</bdi>
          </span>
          {detail && (
            <span className="row-preview wrap">
              <bdi>{detail}</bdi>
            </span>
          )}
          <span className="row-tags">
            {phase === 'now' && <span className="tag now">{t('programme.now')}</span>}
            {phase === 'next' && <span className="tag">{t('programme.next')}</span>}
            {off && (
              <span className="tag harm">
                <Ban size={12} aria-hidden /> {t('programme.cancelled')}
              </span>
            )}
            {changed && !off && (
              <span className="tag needs">
                <RefreshCw size={12} aria-hidden /> {t('programme.changed')}
              </span>
            )}
            {session.attending && (
              <span className="tag">
                <Check size={12} aria-hidden /> {t('programme.attend')}
              </span>
            )}
            {session.pending && <PendingMark />}
          </span>
        </span>
      </Link>
      {/* The session's own page has the same for the keyboard; in the list it would double the stops. */}
      <span className="row-star" data-on={session.favourite}>
        <IconButton
          label={t('programme.favourite_of', { title: session.title })}
          icon={Star}
          pressed={session.favourite}
          tabStop={false}
          onClick={() => act(shown.programme?.setFavourite(session.id, !session.favourite))}
        />
      </span>
    </li>
  );
}

/** What the person did waits for a connection. */
export function PendingMark({ words = false }: { readonly words?: boolean }) {
  const { t } = useLocale();
  return (
    <span className="pending" title={t('pending')}>
      <Clock size={14} aria-hidden />
      <span className={words ? undefined : 'sr-only'}>{t('pending')}</span>
    </span>
  );
}

interface MeetingRowProps {
  readonly meeting: Meeting;
  readonly zone: string | undefined;
  readonly current: boolean;
  readonly past: boolean;
  /** Stands outside its day, which is named therefore. */
  readonly dated: boolean;
}

function MeetingRow({ meeting, zone, current, past, dated }: MeetingRowProps) {
  const locale = useLocale();
  const name = useName(meeting.with);
  const now = useNow();
  const day =
    dated && dayKey(meeting.starts_at, zone) !== dayKey(now, zone) ? locale.day(meeting.starts_at, now, zone) : '';
  return (
    <li className={past ? 'agenda-row past' : 'agenda-row'} data-entry={meeting.id}>
      <Link to={{ name: 'meeting', meeting: meeting.id }} className="row session" current={current} item>
        <span className="session-time tabular">{locale.clock(meeting.starts_at, zone)}</span>
        <span className="row-main">
          <span className="row-title wrap">
            <bdi>{meeting.title}</bdi>
          </span>
          <span className="row-preview wrap">
            <Handshake size={14} aria-hidden className="inline-icon" />
            <bdi>{[day, locale.t('meeting.with', { name }), meeting.place].filter(Boolean).join(' · ')}</bdi>
          </span>
          <span className="row-tags">
            <StandingMark meeting={meeting} />
            {meeting.pending && <PendingMark />}
          </span>
        </span>
      </Link>
    </li>
  );
}
