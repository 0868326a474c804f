import type { Meeting } from '@konferenco/client';
import { useState } from 'react';
import { useApp, useLocale, useName } from '../../state/app.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { useAct } from '../programme/use-programme.ts';

const REASON_CHARS = 600;

interface AnswerDialogProps {
  readonly answer: 'decline' | 'cancel';
  readonly meeting: Meeting;
  readonly onClose: () => void;
}

/** Declines or cancels, with a word to the other. */
export function AnswerDialog({ answer, meeting, onClose }: AnswerDialogProps) {
  const { client } = useApp();
  const { t } = useLocale();
  const act = useAct();
  const name = useName(meeting.with);
  const [reason, setReason] = useState('');
  const title = answer === 'decline' ? t('meeting.decline.title', { name }) : t('meeting.cancel.title', { name });
  const say = (): void => {
    const words = reason.trim() === '' ? [] : ([reason.trim()] as const);
    act(
      answer === 'decline'
        ? client.meetings.decline(meeting.id, ...words)
        : client.meetings.cancel(meeting.id, ...words),
    );
    onClose();
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          say();
        }}
      >
        {answer === 'cancel' && <p>{t('meeting.cancel.words', { name })}</p>}
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
            {answer === 'decline' ? t('meeting.decline') : t('meeting.cancel')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
