import { useId } from 'react';
import { useLocale } from '../../state/app.ts';
import { fromField, toField } from '../../state/zoned-time.ts';
import { roomsOf, type Slot } from './agenda.ts';
import type { ShownProgramme } from './use-programme.ts';

const TITLE_CHARS = 120;
const ROOM_CHARS = 80;
const ABSTRACT_CHARS = 1_200;

/** A session as its form has it: times as the venue's wall clock, speakers one on each line. */
export interface SessionText {
  readonly title: string;
  readonly room: string;
  readonly starts: string;
  readonly ends: string;
  readonly abstract: string;
  readonly speakers: string;
}

/** When it is; `null` while a time is missing or the end is not after the beginning. */
export function slotOfFields({ starts, ends }: SessionText, zone: string | undefined): Slot | null {
  const starts_at = fromField(starts, zone);
  const ends_at = fromField(ends, zone);
  return starts_at !== null && ends_at !== null && ends_at > starts_at ? { starts_at, ends_at } : null;
}

interface SessionFieldsProps {
  readonly fields: SessionText;
  readonly set: (more: Partial<SessionText>) => void;
  readonly slot: Slot | null;
  readonly shown: ShownProgramme;
}

export function SessionFields({ fields, set, slot, shown }: SessionFieldsProps) {
  const { t } = useLocale();
  return (
    <>
      <label className="label">
        {t('session.title')}
        <input
          className="field"
          data-autofocus
          required
          dir="auto"
          maxLength={TITLE_CHARS}
          value={fields.title}
          onChange={(e) => set({ title: e.target.value })}
        />
      </label>
      <TimeFields fields={fields} set={set} slot={slot} shown={shown} />
      <RoomField fields={fields} set={set} shown={shown} />
      <label className="label">
        {t('session.speakers')}
        <textarea
          className="field"
          rows={2}
          dir="auto"
          value={fields.speakers}
          onChange={(e) => set({ speakers: e.target.value })}
        />
      </label>
      <label className="label">
        {t('session.abstract')}
        <textarea
          className="field"
          rows={4}
          dir="auto"
          maxLength={ABSTRACT_CHARS}
          value={fields.abstract}
          onChange={(e) => set({ abstract: e.target.value })}
        />
      </label>
    </>
  );
}

function TimeFields({ fields, set, slot, shown: { zone } }: SessionFieldsProps) {
  const { t } = useLocale();
  /** Moving the beginning moves the end with it. */
  const begin = (text: string): void => {
    const at = fromField(text, zone);
    const length = slot === null ? null : slot.ends_at - slot.starts_at;
    set({ starts: text, ends: at !== null && length !== null ? toField(at + length, zone) : fields.ends });
  };
  return (
    <>
      <div className="side-by-side">
        <label className="label">
          {t('session.starts')}
          <input
            type="datetime-local"
            className="field"
            required
            value={fields.starts}
            onChange={(e) => begin(e.target.value)}
          />
        </label>
        <label className="label">
          {t('session.ends')}
          <input
            type="datetime-local"
            className="field"
            required
            value={fields.ends}
            onChange={(e) => set({ ends: e.target.value })}
          />
        </label>
      </div>
      {slot === null && fields.starts !== '' && fields.ends !== '' && (
        <p className="error" role="alert">
          {t('session.order')}
        </p>
      )}
      {zone && <p className="hint">{t('programme.zone', { zone: zone.replaceAll('_', ' ') })}</p>}
    </>
  );
}

/** Any room; those of the programme are offered. */
function RoomField({ fields, set, shown }: Pick<SessionFieldsProps, 'fields' | 'set' | 'shown'>) {
  const { t } = useLocale();
  const rooms = useId();
  return (
    <label className="label">
      {t('session.room')}
      <input
        className="field"
        list={rooms}
        dir="auto"
        maxLength={ROOM_CHARS}
        value={fields.room}
        onChange={(e) => set({ room: e.target.value })}
      />
      <datalist id={rooms}>
        {roomsOf(shown.sessions).map((room) => (
          <option key={room} value={room} />
        ))}
      </datalist>
    </label>
  );
}
