import type { ProgrammeSession } from '@konferenco/client';
import { useState } from 'react';
import { programme as to } from '../../router.ts';
import { useApp, useLocale, useNow, useStore } from '../../state/app.ts';
import { toField } from '../../state/zoned-time.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { SessionFields, type SessionText, slotOfFields } from './session-fields.tsx';
import { type ShownProgramme, useAct } from './use-programme.ts';

const NAME_CHARS = 120;
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

/** Time, room, title and speakers of a session, new or existing. What did not change is not sent, so that nobody else's change is undone. */
export function SessionEditor({ shown, session, onClose }: SessionEditorProps) {
  const { navigator } = useApp();
  const { t } = useLocale();
  const act = useAct();
  const { programme } = shown;
  const first = useFirst(shown, session);
  const [fields, setFields] = useState(first);
  const save = useSave(shown, session, first);
  const set = (more: Partial<SessionText>): void => setFields({ ...fields, ...more });
  const slot = slotOfFields(fields, shown.zone);
  const submit = (): void => {
    if (slot === null || !programme) return;
    const id = session?.id ?? newSessionId();
    act(save(id, fields, slot));
    onClose();
    if (session === null) navigator.go(to(id));
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
        <SessionFields fields={fields} set={set} slot={slot} shown={shown} />
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onClose}>
            {t('cancel')}
          </button>
          <button type="submit" className="button primary" disabled={slot === null || fields.title.trim() === ''}>
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
function useFirst({ zone }: ShownProgramme, session: ProgrammeSession | null): SessionText {
  const now = useNow();
  const [first] = useState<SessionText>(() => {
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

type Save = (
  id: string,
  fields: SessionText,
  slot: { starts_at: number; ends_at: number },
) => Promise<void> | undefined;

/** Sends only the fields that differ from what the form began with. */
function useSave({ programme }: ShownProgramme, session: ProgrammeSession | null, first: SessionText): Save {
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
        return { name: name.slice(0, NAME_CHARS), ...(user === undefined ? {} : { user_id: user }) };
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
