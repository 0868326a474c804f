import { Activity, CalendarDays, CircleUserRound, MapPin, MessagesSquare, Users } from 'lucide-react';
import { programme, type Route, talk } from '../../router.ts';
import { useApp, useEvent, useLocale, useNow, useRoute, useStore } from '../../state/app.ts';
import { isSharing } from '../../state/sharing.ts';
import { initials } from '../../ui/avatar.tsx';
import { Link } from '../../ui/parts.tsx';
import { needsMe } from '../programme/agenda.ts';
import { useProgramme } from '../programme/use-programme.ts';
import { UnreadCount } from '../talk/conversation-list.tsx';

/** Initials of the first two words of an event's title; years and signs say little. */
function markOf(title: string): string {
  const words = title.split(/\s+/).filter((word) => /^\p{L}/u.test(word));
  return initials(words.slice(0, 2).join(' ') || title);
}

/** Changes of my sessions that I have not seen, and meetings that wait for my answer. */
function useAttention(): number {
  const { notices, meetings } = useProgramme();
  const now = useNow();
  const asked = meetings.filter((m) => needsMe(m) && m.ends_at > now).length;
  return asked + notices.reduce((sum, notice) => sum + notice.changes.length, 0);
}

/** The places: a bar at the bottom of a phone, a rail beside everything on a desk. */
export function Places() {
  const { client, venue, sharing } = useApp();
  const { t } = useLocale();
  const operates = useStore(venue.me).value?.operator === true;
  const route = useRoute();
  const unread = useStore(client.conversations).items.reduce((sum, s) => sum + (s.muted ? 0 : s.unread), 0);
  const event = useEvent();
  const attention = useAttention();
  const isShared = isSharing(useStore(sharing));
  const places: readonly {
    readonly name: Route['name'];
    readonly to: Route;
    readonly label: string;
    readonly icon: typeof Users;
  }[] = [
    { name: 'talk', to: talk(null), label: t('place.talk'), icon: MessagesSquare },
    { name: 'programme', to: programme(), label: t('place.programme'), icon: CalendarDays },
    { name: 'people', to: { name: 'people', user: null }, label: t('place.people'), icon: Users },
    { name: 'me', to: { name: 'me', section: null }, label: t('place.me'), icon: CircleUserRound },
    ...(operates
      ? [{ name: 'operator', to: { name: 'operator' }, label: t('place.operate'), icon: Activity } as const]
      : []),
  ];
  const here = route.name === 'search' ? 'talk' : route.name === 'meeting' ? 'programme' : route.name;
  return (
    <nav className="places" aria-label={t('places')}>
      {event && (
        <span className="event-mark" aria-hidden>
          {markOf(event.title)}
        </span>
      )}
      {places.map(({ name, to, label, icon: Icon }) => (
        <Link
          key={name}
          to={to}
          current={here === name}
          className={`place-link ${name === 'operator' ? 'only-wide' : ''}`}
        >
          <span className="place-icon">
            <Icon size={22} aria-hidden />
          </span>
          <span className="place-label">{label}</span>
          {name === 'me' && isShared && (
            <span className="sharing-mark">
              <MapPin size={14} aria-hidden />
              <span className="sr-only">{t('share.mark')}</span>
            </span>
          )}
          {name === 'talk' && unread > 0 && <UnreadCount count={unread} />}
          {name === 'programme' && attention > 0 && (
            <UnreadCount count={attention} words={t('programme.attention', { count: attention })} />
          )}
        </Link>
      ))}
    </nav>
  );
}
