import type { Meeting } from '@konferenco/client';
import { Handshake } from 'lucide-react';
import { useMemo } from 'react';
import { programme as to } from '../../router.ts';
import { useApp, useLocale, useNow, useStore } from '../../state/app.ts';
import { Link } from '../../ui/parts.tsx';
import { stands } from '../programme/agenda.ts';
import { PendingMark } from '../programme/agenda-days.tsx';
import { useProgramme, useWhen } from '../programme/use-programme.ts';
import { MeetingActions } from './meeting-actions.tsx';
import { StandingMark } from './standing-mark.tsx';

/** Cards shown above a direct conversation; the rest is in one's agenda. */
const SHOWN = 2;

/** Meetings with this person that are still to come: those that wait for an answer first. */
export function MeetingStrip({ peer }: { readonly peer: string }) {
  const { client } = useApp();
  const { t } = useLocale();
  const now = useNow();
  const { items } = useStore(client.meetings);
  const open = useMemo(
    () =>
      items
        .filter((m) => m.with === peer && stands(m) && m.ends_at > now)
        .toSorted(
          (a, b) =>
            Number(b.standing === 'waiting_for_me') - Number(a.standing === 'waiting_for_me') ||
            a.starts_at - b.starts_at,
        ),
    [items, peer, now],
  );
  if (open.length === 0) return null;
  return (
    <section className="meeting-strip" aria-label={t('meetings')}>
      {open.slice(0, SHOWN).map((meeting) => (
        <MeetingCard key={meeting.id} meeting={meeting} />
      ))}
      {open.length > SHOWN && (
        <Link to={to(null, true)} className="hint">
          {t('and_more', { count: open.length - SHOWN })}
        </Link>
      )}
    </section>
  );
}

function MeetingCard({ meeting }: { readonly meeting: Meeting }) {
  const { zone } = useProgramme();
  const when = useWhen(meeting, zone);
  return (
    <article className="meeting-card">
      <Handshake size={18} aria-hidden />
      <div>
        <Link to={{ name: 'meeting', meeting: meeting.id }} className="meeting-card-title">
          <bdi>{meeting.title}</bdi>
        </Link>
        <p className="hint tabular">
          {when.venue}
          {meeting.place !== '' && ` · ${meeting.place}`}
        </p>
        <p className="row-tags">
          <StandingMark meeting={meeting} />
          {meeting.pending && <PendingMark />}
        </p>
        <MeetingActions meeting={meeting} compact />
      </div>
    </article>
  );
}
