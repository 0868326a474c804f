import { useApp, useEvent, useLocale, useStore } from '../../state/app.ts';

/** The event that is shown; a choice when one belongs to several. */
export function EventPicker() {
  const { venue } = useApp();
  const { t } = useLocale();
  const me = useStore(venue.me).value;
  const event = useEvent();
  if (!me || !event) return null;
  if (me.events.length === 1) {
    return (
      <p className="event-name">
        <bdi>{event.title}</bdi>
      </p>
    );
  }
  return (
    <select
      className="event-select"
      aria-label={t('event.choose')}
      value={event.id}
      onChange={(change) => venue.choose(change.target.value)}
    >
      {me.events.map((e) => (
        <option key={e.id} value={e.id}>
          {e.title}
        </option>
      ))}
    </select>
  );
}
