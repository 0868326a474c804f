import type { ProgrammeSession } from '@konferenco/client';
import { useId, useState } from 'react';
import { programme as to } from '../../router.ts';
import { useApp, useLocale, useNow, useStore } from '../../state/app.ts';
import { fromField, toField } from '../../state/zoned-time.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { roomsOf } from './agenda.ts';
import { type ShownProgramme, useAct } from './use-programme.ts';

const TITLE_CHARS = 120;
const ROOM_CHARS = 80;
const ABSTRACT_CHARS = 1_200;
const REASON_CHARS = 600;
const SPEAKERS_MAX = 20;
const HOUR = 3_600_000;
const DEFAULT_LENGTH_MS = HOUR * 0.75;

interface SessionEditorProps {
  readonly shown: ShownProgramme;
  /** `null`: a new one. */
  readonly session: ProgrammeSession | null;
  readonly onClose: () => void;
}

interface Fields {
  readonly title: string;
  readonly room: string;
  readonly starts: string;
  readonly ends: string;
  readonly abstract: string;
  readonly speakers: string;
}

/** Time, room, title and speakers of a session, new or existing. What did not change is not sent, so that nobody else's change is undone. */
export function SessionEditor({ shown, session, onClose }: SessionEditorProps) {
  const { navigator } = useApp();
  const { t } = useLocale();
  const act = useAct();
  const rooms = useId();
  const { zone, programme } = shown;
  const first = useFirst(shown, session);
  const [fields, setFields] = useState(first);
  const save = useSave(shown, session, first);
  const set = (more: Partial<Fields>): void => setFields({ ...fields, ...more });
  const starts = fromField(fields.starts, zone);
  const ends = fromField(fields.ends, zone);
  const ordered = starts !== null && ends !== null && ends > starts;
  const submit = (): void => {
    if (!ordered || !programme) return;
    const id = session?.id ?? newSessionId();
    act(save(id, fields, { starts_at: starts, ends_at: ends }));
    onClose();
    if (session === null) navigator.go(to(id));
  };
  /** Moving the beginning moves the end with it. */
  const begin = (text: string): void => {
    const at = fromField(text, zone);
    const moved = at !== null && starts !== null && ends !== null ? toField(at + (ends - starts), zone) : fields.ends;
    set({ starts: text, ends: moved });
  };
  return (
    <Dialog title={session ? t('session.edit') : t('session.add')} onClose={onClose} className="wide">
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
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
        {!ordered && fields.starts !== '' && fields.ends !== '' && (
          <p className="error" role="alert">
            {t('session.order')}
          </p>
        )}
        {zone && <p className="hint">{t('programme.zone', { zone: zone.replaceAll('_', ' ') })}</p>}
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
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onClose}>
            {t('cancel')}
          </button>
          <button type="submit" className="button primary" disabled={!ordered || fields.title.trim() === ''}>
            {t('save')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** 128 random bits. `randomUUID` is missing on pages without HTTPS. */
function newSessionId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** What the form begins with: the session, or the next full hour. */
function useFirst({ zone }: ShownProgramme, session: ProgrammeSession | null): Fields {
  const now = useNow();
  const [first] = useState<Fields>(() => {
    const start = session?.starts_at ?? Math.ceil(now / HOUR) * HOUR;
    return {
      title: session?.title ?? '',
      room: session?.room ?? '',
      starts: toField(start, zone),
      ends: toField(session?.ends_at ?? start + DEFAULT_LENGTH_MS, zone),
      abstract: session?.abstract ?? '',
      speakers: session?.speakers.map((s) => s.name).join('\n') ?? '',
    };
  });
  return first;
}

type Save = (id: string, fields: Fields, slot: { starts_at: number; ends_at: number }) => Promise<void> | undefined;

/** Sends only the fields that differ from what the form began with. */
function useSave({ programme }: ShownProgramme, session: ProgrammeSession | null, first: Fields): Save {
  const { directory } = useApp();
  const known = useStore(directory);
  const idOf = (name: string): string | undefined =>
    session?.speakers.find((s) => s.name === name)?.user_id ?? [...known.values()].find((u) => u.name === name)?.id;
  return async (id, fields, slot) => {
    if (!programme) return;
    const fresh = session === null;
    const set = {
      ...(fresh || fields.title !== first.title ? { title: fields.title.trim() } : {}),
      ...(fresh || fields.room !== first.room ? { room: fields.room.trim() } : {}),
      ...(fresh || fields.abstract !== first.abstract ? { abstract: fields.abstract.trim() } : {}),
      ...(fresh || fields.starts !== first.starts ? { starts_at: slot.starts_at } : {}),
      ...(fresh || fields.ends !== first.ends ? { ends_at: slot.ends_at } : {}),
    };
    if (Object.keys(set).length > 0) await programme.change(id, set);
    if (fields.speakers.trim() === first.speakers.trim()) return;
    const names = [
      ...new Set(
        fields.speakers
          .split('\n')
          .map((n) => n.trim())
          .filter(Boolean),
      ),
    ].slice(0, SPEAKERS_MAX);
    await programme.setSpeakers(
      id,
      names.map((name) => {
        const user = idOf(name);
        return { name: name.slice(0, TITLE_CHARS), ...(user === undefined ? {} : { user_id: user }) };
      }),
    );
  };
}

interface CancelSessionProps {
  readonly shown: ShownProgramme;
  readonly session: ProgrammeSession;
  readonly onClose: () => void;
}

/** Says what cancelling means, and asks for the reason that people are told. */
export function CancelSession({ shown, session, onClose }: CancelSessionProps) {
  const { t } = useLocale();
  const act = useAct();
  const [reason, setReason] = useState('');
  return (
    <Dialog title={t('session.cancel.title', { title: session.title })} onClose={onClose}>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          const words = reason.trim();
          act(words === '' ? shown.programme?.cancel(session.id) : shown.programme?.cancel(session.id, words));
          onClose();
        }}
      >
        <p>{t('session.cancel.words')}</p>
        <label className="label">
          {t('reason')}
          <input
            className="field"
            data-autofocus
            dir="auto"
            maxLength={REASON_CHARS}
            value={reason}
            onChange={(e) => setReason(e.target.value)}
          />
        </label>
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onClose}>
            {t('session.keep')}
          </button>
          <button type="submit" className="button harm solid">
            {t('session.cancel')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
