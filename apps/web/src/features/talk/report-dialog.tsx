import type { Message } from '@konferenco/client';
import { useState } from 'react';
import { useApp, useLocale, useName } from '../../state/app.ts';
import { Dialog } from '../../ui/dialog.tsx';

interface ReportDialogProps {
  readonly log: string;
  readonly message: Message;
  readonly onClose: () => void;
}

const REASON_CHARS = 1_000;

/** Reports a message to the moderators and shows the case number. */
export function ReportDialog({ log, message, onClose }: ReportDialogProps) {
  const { client } = useApp();
  const { t, why } = useLocale();
  const name = useName(message.sender);
  const [reason, setReason] = useState('');
  const [step, setStep] = useState<
    { kind: 'write' | 'sending' } | { kind: 'failed'; why: string } | { kind: 'done'; number: string }
  >({
    kind: 'write',
  });
  const send = async (): Promise<void> => {
    setStep({ kind: 'sending' });
    try {
      const report = await client.rest('report', { body: { log, message_id: message.id, reason: reason.trim() } });
      setStep({ kind: 'done', number: report.case });
    } catch (error) {
      setStep({ kind: 'failed', why: why(error) });
    }
  };
  if (step.kind === 'done') {
    return (
      <Dialog title={t('report.done')} onClose={onClose}>
        <p>{t('report.number', { number: step.number })}</p>
        <button type="button" className="button primary" data-autofocus onClick={onClose}>
          {t('close')}
        </button>
      </Dialog>
    );
  }
  return (
    <Dialog title={t('report.title')} onClose={onClose}>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <blockquote className="quoted">
          <strong dir="auto">{name}</strong>
          <p dir="auto">{message.text}</p>
        </blockquote>
        <label className="label">
          {t('report.reason')}
          <textarea
            className="field"
            data-autofocus
            rows={4}
            maxLength={REASON_CHARS}
            required
            value={reason}
            onChange={(event) => setReason(event.target.value)}
          />
        </label>
        <p className="hint">{t('report.hint')}</p>
        {step.kind === 'failed' && (
          <p className="error" role="alert">
            {t('failed.action', { reason: step.why })}
          </p>
        )}
        <button type="submit" className="button primary" disabled={reason.trim() === '' || step.kind === 'sending'}>
          {step.kind === 'sending' ? t('report.sending') : t('report.send')}
        </button>
      </form>
    </Dialog>
  );
}
