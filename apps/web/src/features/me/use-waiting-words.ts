import { useApp, useEvent, useLocale, useName, useStore } from '../../state/app.ts';
import type { WaitingEntry } from '../../state/device.ts';

/** What an entry of the outbox that is no message is, in words. */
export function useWaitingWords({ what }: WaitingEntry): string {
  const { client, venue } = useApp();
  const { t } = useLocale();
  const { type, subtype, to, payload } = what;
  const text = (name: string): string => String(payload[name] ?? '');
  const event = useEvent()?.id;
  const element = text('element');
  const name = useName(text('on') === 'blocked' ? element : '');
  const meetings = useStore(client.meetings).items;
  const channels = useStore(venue.channels).value;
  const shown = type === 'schedule' ? to.id : event;
  const sessions = shown === undefined ? [] : client.programme(shown).state().sessions;
  const session = (id: string): string => sessions.find((each) => each.id === id)?.title ?? id;

  if (type === 'meeting') {
    const id = text('meeting');
    return meetingWords(subtype, text('title') || meetings.find((each) => each.id === id)?.title || id, t);
  }
  if (type === 'schedule')
    return t(subtype === 'session_cancelled' ? 'waiting.session.cancel' : 'waiting.session', {
      title: session(text('session')),
    });
  if (type === 'chat') {
    if (subtype === 'reaction') return t('waiting.reaction', { emoji: text('emoji') });
    return subtype === 'edit' ? t('waiting.edit', { text: text('text') }) : t('waiting.delete');
  }
  const off = text('op') === 'remove';
  switch (text('on')) {
    case 'favourites':
      return t(off ? 'waiting.favourite.off' : 'waiting.favourite', { title: session(element) });
    case 'attending':
      return t(off ? 'waiting.attending.off' : 'waiting.attending', { title: session(element) });
    case 'blocked':
      return t(off ? 'waiting.blocked.off' : 'waiting.blocked', { name });
    case 'channels': {
      const title = channels?.find((channel) => channel.id === element)?.title ?? element;
      return t(off ? 'waiting.leave' : 'waiting.join', { title });
    }
    case 'profile':
      return t('waiting.profile');
    case 'settings':
      return t('waiting.settings');
    default:
      return t('device.waiting.change');
  }
}

function meetingWords(subtype: string, title: string, t: ReturnType<typeof useLocale>['t']): string {
  switch (subtype) {
    case 'request':
      return t('waiting.meeting.request', { title });
    case 'accept':
      return t('waiting.meeting.accept', { title });
    case 'decline':
      return t('waiting.meeting.decline', { title });
    case 'propose_time':
      return t('waiting.meeting.propose', { title });
    case 'cancel':
      return t('waiting.meeting.cancel', { title });
    case 'agenda_change':
      return t('waiting.meeting.agenda', { title });
    case 'notes_change':
      return t('waiting.minutes', { title });
    default:
      return t('device.waiting.change');
  }
}
