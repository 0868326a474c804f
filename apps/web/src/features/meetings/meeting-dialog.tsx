import type { Meeting } from '@konferenco/client';
import { useId, useState } from 'react';
import { dayKey } from '../../i18n/locale.ts';
import { useApp, useLocale, useName, useNow } from '../../state/app.ts';
import { fromField, toField } from '../../state/zoned-time.ts';
import { Dialog } from '../../ui/dialog.tsx';
import type { Slot } from '../programme/agenda.ts';
import { useAct, useProgramme, useSpan } from '../programme/use-programme.ts';
import { useFreeSlots } from './use-free-slots.ts';

const TITLE_CHARS = 120;
const PLACE_CHARS = 120;
const NOTE_CHARS = 600;
const LENGTHS = [15, 30, 60] as const;
const MINUTE = 60_000;

interface MeetingDialogProps {
  readonly person: string;
  /** Another time for this one; otherwise a new meeting. */
  readonly meeting?: Meeting;
  readonly onClose: () => void;
}

/** Asks for a meeting, or proposes another time for one: first the times that are free, then any other. */
export function MeetingDialog({ person, meeting, onClose }: MeetingDialogProps) {
  const { client, navigator } = useApp();
  const { t } = useLocale();
  const act = useAct();
  const name = useName(person);
  const [title, setTitle] = useState('');
  const [place, setPlace] = useState(meeting?.place ?? '');
  const [note, setNote] = useState('');
  const when = useWhenChoice(person, meeting ?? null);
  const ask = async (slot: Slot): Promise<void> => {
    const where = place.trim() === '' ? {} : { place: place.trim() };
    if (meeting) return client.meetings.propose(meeting.id, { ...slot, ...where });
    const words = note.trim() === '' ? {} : { note: note.trim() };
    const id = await client.meetings.request({ with: person, title: title.trim(), ...slot, ...where, ...words });
    navigator.go({ name: 'meeting', meeting: id });
  };
  const ready = when.slot !== null && (meeting !== undefined || title.trim() !== '');
  return (
    <Dialog title={meeting ? t('meeting.propose') : t('meeting.ask_name', { name })} onClose={onClose}>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (when.slot === null) return;
          act(ask(when.slot));
          onClose();
        }}
      >
        {!meeting && (
          <label className="label">
            {t('meeting.about')}
            <input
              className="field"
              data-autofocus
              required
              dir="auto"
              maxLength={TITLE_CHARS}
              value={title}
              onChange={(e) => setTitle(e.target.value)}
            />
          </label>
        )}
        <WhenFields when={when} />
        <label className="label">
          {t('meeting.place')}
          <input
            className="field"
            dir="auto"
            maxLength={PLACE_CHARS}
            value={place}
            onChange={(e) => setPlace(e.target.value)}
          />
        </label>
        {!meeting && (
          <label className="label">
            {t('meeting.note')}
            <textarea
              className="field"
              rows={2}
              dir="auto"
              maxLength={NOTE_CHARS}
              value={note}
              onChange={(e) => setNote(e.target.value)}
            />
          </label>
        )}
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onClose}>
            {t('cancel')}
          </button>
          <button type="submit" className="button primary" disabled={!ready}>
            {meeting ? t('meeting.propose') : t('meeting.send')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

interface WhenChoice {
  readonly minutes: number;
  readonly setMinutes: (minutes: number) => void;
  readonly free: readonly Slot[];
  /** Free for both, not only for me. */
  readonly both: boolean;
  /** Beginning of the free slot chosen; `null`: another time is wanted. */
  readonly chosen: number | null;
  readonly choose: (start: number | null) => void;
  readonly other: string;
  readonly setOther: (text: string) => void;
  readonly zone: string | undefined;
  /** What is proposed; `null` while it is no time. */
  readonly slot: Slot | null;
}

function useWhenChoice(person: string, meeting: Meeting | null): WhenChoice {
  const { zone } = useProgramme();
  const now = useNow();
  const length = meeting ? Math.round((meeting.ends_at - meeting.starts_at) / MINUTE) : 30;
  const [minutes, setMinutes] = useState(length);
  const { slots: free, both } = useFreeSlots(person, minutes, meeting?.id ?? null);
  const [picked, choose] = useState<number | null | undefined>(undefined);
  const [other, setOther] = useState(() => toField(meeting?.starts_at ?? now + 60 * MINUTE, zone));
  // The first free time unless the person chose; a slot that is taken meanwhile is chosen no longer.
  const chosen =
    picked === undefined || (picked !== null && !free.some((s) => s.starts_at === picked))
      ? (free[0]?.starts_at ?? null)
      : picked;
  const start = chosen ?? fromField(other, zone);
  const slot = start === null ? null : { starts_at: start, ends_at: start + minutes * MINUTE };
  return { minutes, setMinutes, free, both, chosen, choose, other, setOther, zone, slot };
}

function WhenFields({ when }: { readonly when: WhenChoice }) {
  const locale = useLocale();
  const now = useNow();
  const span = useSpan();
  const group = useId();
  const { t } = locale;
  const { zone } = when;
  const lengths = LENGTHS.includes(when.minutes as (typeof LENGTHS)[number]) ? LENGTHS : [...LENGTHS, when.minutes];
  const dayWords = (at: number): string =>
    dayKey(at, zone) === dayKey(now, zone) ? t('today') : locale.day(at, now, zone);
  return (
    <>
      <label className="label">
        {t('meeting.length')}
        <select className="field" value={when.minutes} onChange={(e) => when.setMinutes(Number(e.target.value))}>
          {lengths.map((minutes) => (
            <option key={minutes} value={minutes}>
              {t('meeting.length.minutes', { count: minutes })}
            </option>
          ))}
        </select>
      </label>
      <fieldset className="choices slots">
        <legend>
          {when.free.length === 0 ? t('meeting.when') : when.both ? t('meeting.free_both') : t('meeting.free')}
        </legend>
        {when.free.map((slot) => (
          <label key={slot.starts_at} className="slot">
            <input
              type="radio"
              name={group}
              checked={when.chosen === slot.starts_at}
              onChange={() => when.choose(slot.starts_at)}
            />
            <span>
              <span className="tabular">{span(slot, zone)}</span>
              <span className="hint">{dayWords(slot.starts_at)}</span>
            </span>
          </label>
        ))}
        <label className="slot">
          <input type="radio" name={group} checked={when.chosen === null} onChange={() => when.choose(null)} />
          <span>{t('meeting.other_time')}</span>
        </label>
      </fieldset>
      {when.chosen === null && (
        <label className="label">
          {t('meeting.when')}
          <input
            type="datetime-local"
            className="field"
            required
            value={when.other}
            onChange={(e) => when.setOther(e.target.value)}
          />
        </label>
      )}
      {zone && <p className="hint">{t('programme.zone', { zone: zone.replaceAll('_', ' ') })}</p>}
    </>
  );
}
