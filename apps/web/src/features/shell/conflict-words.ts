import type { Conflict } from '@konferenco/client';
import { dayKey, type Locale } from '../../i18n/locale.ts';
import { type App, useApp, useEvent, useLocale, useName, useNow, useStore } from '../../state/app.ts';

type Lost = Extract<Conflict, { kind: 'overridden' }>;

/** What happened, in a sentence or two. */
export function useConflictWords(conflict: Conflict): string {
  const app = useApp();
  const locale = useLocale();
  const { t, why } = locale;
  const event = useEvent();
  const meetings = useStore(app.client.meetings).items;
  const channels = useStore(app.venue.channels).value;
  const name = useName(otherIn(conflict, (id) => meetings.find((m) => m.id === id)?.with));
  const now = useNow();
  const channelTitle = (id: string): string => channels?.find((channel) => channel.id === id)?.title ?? id;
  switch (conflict.kind) {
    case 'overridden': {
      const what = aboutOf(locale, titlesOf(app, conflict.event ?? event?.id), conflict.document);
      return lostWords(conflict, { locale, now, zone: event?.time_zone, name, what, channelTitle });
    }
    case 'accept_again':
      return t('conflict.accept_again', { name });
    case 'removed':
      return t('conflict.removed', { channel: channelTitle(conflict.channel) });
    case 'refused':
      return t('conflict.refused', {
        what: documentWords(locale, titlesOf(app, event?.id), conflict.document),
        reason: why(conflict.error),
      });
  }
}

/** The other person in it; empty where there is none to name. */
function otherIn(conflict: Conflict, withIn: (meeting: string) => string | undefined): string {
  if (conflict.kind === 'overridden') return conflict.by;
  return conflict.kind === 'accept_again' ? (withIn(conflict.meeting) ?? '') : '';
}

interface Telling {
  readonly locale: Locale;
  /** Unix ms. */
  readonly now: number;
  /** The venue's. */
  readonly zone: string | undefined;
  /** Who wrote what stands. */
  readonly name: string;
  readonly what: string;
  readonly channelTitle: (id: string) => string;
}

/** Which field, both values, and whose stands. */
function lostWords(lost: Lost, telling: Telling): string {
  const { locale, name, what, channelTitle } = telling;
  const { t } = locale;
  const told = (mine: string, theirs: string) => ({ mine, theirs, name, what });
  const quoted = (value: string): string => (value === '' ? t('lost.empty') : `“${value}”`);
  switch (lost.field) {
    case 'title':
      return t('lost.title', told(quoted(lost.mine), quoted(lost.theirs)));
    case 'room':
      return t('lost.room', told(quoted(lost.mine), quoted(lost.theirs)));
    case 'abstract':
      return t('lost.abstract', { name, what });
    case 'channel_id':
      return t('lost.channel', told(quoted(channelTitle(lost.mine)), quoted(channelTitle(lost.theirs))));
    case 'starts_at':
      return t('lost.starts', momentsOf(lost.mine, lost.theirs, telling));
    case 'ends_at':
      return t('lost.ends', momentsOf(lost.mine, lost.theirs, telling));
    case 'time':
      return t('lost.time', slotsOf(lost, telling));
    case 'speakers': {
      const names = (speakers: (typeof lost)['mine']) => quoted(locale.list(speakers.map((one) => one.name)));
      return t('lost.speakers', told(names(lost.mine), names(lost.theirs)));
    }
    case 'cancelled':
      if (lost.theirs === null) return t('lost.cancelled', { name, what });
      if (lost.mine === null) return t('lost.reinstated', { name, what });
      return t('lost.reason', told(quoted(lost.mine.reason), quoted(lost.theirs.reason)));
    case 'agenda':
      if (lost.mine.text === lost.theirs.text) return t('lost.done', { name, what, item: quoted(lost.mine.text) });
      return t('lost.agenda', told(quoted(lost.mine.text), quoted(lost.theirs.text)));
  }
}

/** Two moments; the day is named when they, or today, are of different days. */
function momentsOf(mine: number, theirs: number, { locale, now, zone, name, what }: Telling) {
  const isToday = [mine, theirs].every((at) => dayKey(at, zone) === dayKey(now, zone));
  const words = (at: number): string =>
    isToday ? locale.clock(at, zone) : `${locale.day(at, now, zone)}, ${locale.clock(at, zone)}`;
  return { mine: words(mine), theirs: words(theirs), name, what };
}

/** Two slots, and where a meeting is, when that was proposed too. */
function slotsOf(lost: Extract<Lost, { field: 'time' }>, telling: Telling) {
  const { locale, zone } = telling;
  const begins = momentsOf(lost.mine.starts_at, lost.theirs.starts_at, telling);
  const words = (begin: string, { ends_at, place = '' }: typeof lost.mine): string =>
    `${begin}–${locale.clock(ends_at, zone)}${place === '' ? '' : ` (${place})`}`;
  return { ...begins, mine: words(begins.mine, lost.mine), theirs: words(begins.theirs, lost.theirs) };
}

/** Titles of what conflicts are about, as far as this device knows them. */
interface Titles {
  session(id: string): string | undefined;
  meeting(id: string): string | undefined;
}

function titlesOf({ client }: App, event: string | undefined): Titles {
  return {
    session: (id) =>
      event === undefined
        ? undefined
        : client
            .programme(event)
            .state()
            .sessions.find((session) => session.id === id)?.title,
    meeting: (id) => client.meetings.state().items.find((meeting) => meeting.id === id)?.title,
  };
}

/** A document as the object of a sentence. */
function aboutOf(locale: Locale, titles: Titles, document: string): string {
  const [kind, id = ''] = document.split('/');
  const title = kind === 'session' ? titles.session(id) : undefined;
  return title === undefined ? documentWords(locale, titles, document) : locale.t('lost.session', { title });
}

/** A document in words, after a colon. */
function documentWords({ t }: Locale, titles: Titles, document: string): string {
  const [kind = '', id = ''] = document.split('/');
  switch (kind) {
    case 'session': {
      const title = titles.session(id);
      return title === undefined ? t('what.other') : t('what.session', { title });
    }
    case 'meeting':
    case 'notes': {
      const title = titles.meeting(id);
      return title === undefined ? t('what.other') : t('what.meeting', { title });
    }
    case 'favourites':
    case 'attending':
    case 'blocked':
    case 'channels':
    case 'profile':
    case 'settings':
      return t(`what.${kind}`);
    default:
      return t('what.other');
  }
}
