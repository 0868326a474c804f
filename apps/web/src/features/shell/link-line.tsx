import type { Link } from '@konferenco/client';
import { useLink, useWaiting } from '@konferenco/client/react';
import { useEffect, useRef, useState } from 'react';
import { useApp, useLocale } from '../../state/app.ts';

/** A connection that comes back within this time is not worth a word; the first one of a page may take longer. */
const GRACE_MS = 1_500;
const FIRST_GRACE_MS = 5_000;

/** One quiet line about the connection, only when it matters: what is, how many messages wait, and what can be done. */
export function LinkLine() {
  const { client } = useApp();
  const { t } = useLocale();
  const link = useLink();
  const waiting = useWaiting();
  const seconds = useSecondsUntil(link);
  const late = useLate(link);
  if (link.kind === 'online' || link.kind === 'closed' || !late)
    return <div className="link-line" role="status" hidden />;
  const words = {
    connecting: () => t('link.connecting'),
    waiting: () => (seconds > 0 ? t('link.waiting', { count: seconds }) : t('link.connecting')),
    offline: () => t('link.offline'),
    signed_out: () => t('link.signed_out'),
  }[link.kind]();
  return (
    <div className="link-line">
      {/* The seconds are not read out: the status says only what kind of trouble it is. */}
      <p aria-hidden>
        {words}
        {waiting > 0 && ` · ${t('link.queued', { count: waiting })}`}
      </p>
      <p className="sr-only" role="status">
        {link.kind === 'offline'
          ? t('link.offline')
          : link.kind === 'signed_out'
            ? t('link.signed_out')
            : t('link.reconnecting')}
      </p>
      {link.kind === 'waiting' && (
        <button type="button" className="button text" onClick={() => client.reconnectNow()}>
          {t('link.try_now')}
        </button>
      )}
    </div>
  );
}

/** Whole seconds until the next try, counted down. */
function useSecondsUntil(link: Link): number {
  const until = link.kind === 'waiting' ? link.retry_at : 0;
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    setNow(Date.now());
    if (until === 0) return;
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, [until]);
  return Math.max(0, Math.ceil((until - now) / 1_000));
}

/** Whether the link has been away for longer than the grace; being offline or signed out shows at once. */
function useLate(link: Link): boolean {
  const away = link.kind === 'connecting' || link.kind === 'waiting';
  const [late, setLate] = useState(false);
  const connected = useRef(false);
  if (link.kind === 'online') connected.current = true;
  useEffect(() => {
    if (!away) return setLate(false);
    const timer = setTimeout(() => setLate(true), connected.current ? GRACE_MS : FIRST_GRACE_MS);
    return () => clearTimeout(timer);
  }, [away]);
  return !away || late;
}
