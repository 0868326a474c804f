import type { SharedNotes } from '@konferenco/client';
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'react';
import { useApp, useLocale } from '../../state/app.ts';
import { Failed, Loading } from '../../ui/parts.tsx';

interface MinutesProps {
  readonly meeting: string;
  /** Who else writes. */
  readonly name: string;
}

/** The text both write at once. What the other writes never moves one's own caret from its word. */
export function Minutes({ meeting, name }: MinutesProps) {
  const { client } = useApp();
  const { t } = useLocale();
  const label = useId();
  const [attempt, setAttempt] = useState(0);
  const [notes, setNotes] = useState<SharedNotes | null>(null);
  const [error, setError] = useState<unknown>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another attempt opens them anew
  useEffect(() => {
    let opened: SharedNotes | null = null;
    let wanted = true;
    setError(null);
    client.meetings.notes(meeting).then(
      (found) => {
        if (!wanted) return found.close();
        opened = found;
        setNotes(found);
      },
      (reason: unknown) => wanted && setError(reason),
    );
    return () => {
      wanted = false;
      opened?.close();
      setNotes(null);
    };
  }, [client, meeting, attempt]);
  return (
    <section className="minutes">
      <h2 className="detail-title" id={label}>
        {t('meeting.minutes')}
      </h2>
      <p className="hint">{t('meeting.minutes.hint', { name })}</p>
      {error !== null && <Failed reason={error} retry={() => setAttempt(attempt + 1)} />}
      {notes === null && error === null && <Loading />}
      {notes && <NotesField notes={notes} label={label} />}
    </section>
  );
}

function NotesField({ notes, label }: { readonly notes: SharedNotes; readonly label: string }) {
  const ref = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState(() => notes.text());
  const caret = useRef<readonly [start: number, end: number] | null>(null);
  const composing = useRef(false);

  useEffect(() => {
    const take = (): void => {
      const field = ref.current;
      const now = notes.text();
      // Writing that an input method has not finished must not be replaced under it.
      if (!field || field.value === now || composing.current) return;
      caret.current = [notes.moved(field.selectionStart), notes.moved(field.selectionEnd)];
      setText(now);
    };
    take();
    return notes.subscribe(take);
  }, [notes]);
  useEffect(() => {
    // The page may be closed, or frozen and removed, before the pause in typing that keeps it.
    const keep = (): void => notes.keep();
    window.addEventListener('pagehide', keep);
    document.addEventListener('visibilitychange', keep);
    return () => {
      window.removeEventListener('pagehide', keep);
      document.removeEventListener('visibilitychange', keep);
    };
  }, [notes]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: after each new text
  useLayoutEffect(() => {
    const field = ref.current;
    if (!field) return;
    if (caret.current && document.activeElement === field) field.setSelectionRange(...caret.current);
    caret.current = null;
  }, [text]);

  return (
    <textarea
      ref={ref}
      className="field"
      rows={8}
      dir="auto"
      aria-labelledby={label}
      value={text}
      onCompositionStart={() => {
        composing.current = true;
      }}
      onCompositionEnd={(event) => {
        composing.current = false;
        notes.edit(event.currentTarget.value);
        setText(notes.text());
      }}
      onChange={(event) => {
        setText(event.target.value);
        if (!composing.current) notes.edit(event.target.value);
      }}
    />
  );
}
