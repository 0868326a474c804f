import type { Message } from '@konferenco/client';
import { Check, CheckCheck, CircleAlert, Clock } from 'lucide-react';
import type { Locale } from '../../i18n/locale.ts';
import { useLocale, useNow } from '../../state/app.ts';

/** Where one's own message is, as a small mark with words for screen readers and on hover. */
export function MessageStateMark({ message }: { readonly message: Pick<Message, 'state' | 'error'> }) {
  const { t } = useLocale();
  const [Icon, words] = {
    saving: [Clock, t('state.saving')] as const,
    queued: [Clock, t(message.error?.error === 'storage' ? 'state.unkept' : 'state.queued')] as const,
    sent: [Clock, t('state.sent')] as const,
    stored: [Check, t('state.stored')] as const,
    read: [CheckCheck, t('state.read')] as const,
    failed: [CircleAlert, t('state.failed')] as const,
  }[message.state];
  return (
    <span className={`state ${message.state}`} title={words}>
      <Icon size={16} aria-hidden />
      <span className="sr-only">{words}</span>
    </span>
  );
}

/** Why a message was not sent, and what will or can be done: never an error code alone. */
export function failureWords(error: Message['error'], locale: Locale, now: number): string {
  const { t } = locale;
  if (!error) return t('failed.unknown');
  const reason = locale.why(error);
  if (error.retry_at === undefined || error.retry_at <= now) return t('failed.reason', { reason });
  return t('failed.until', { reason, time: locale.clock(error.retry_at) });
}

interface FailureProps {
  readonly message: Message;
  readonly retry: () => void;
  readonly discard: () => void;
}

/** The line under a message that was refused. */
export function Failure({ message, retry, discard }: FailureProps) {
  const locale = useLocale();
  const now = useNow();
  return (
    <div className="message-failure">
      <p>{failureWords(message.error, locale, now)}</p>
      <button type="button" className="button quiet" onClick={retry}>
        {locale.t('retry')}
      </button>
      <button type="button" className="button quiet" onClick={discard}>
        {locale.t('discard')}
      </button>
    </div>
  );
}
