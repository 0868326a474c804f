import type { Link } from '@konferenco/client';
import type { Outgoing } from '@konferenco/client/attachments';
import { useLink, useWaiting } from '@konferenco/client/react';
import { useEffect, useRef, useState } from 'react';
import { useApp, useLocale, useNow, useStore } from '../../state/app.ts';
import { useAllOutgoing } from '../files/use-files.ts';

/** A connection that comes back within this time is not worth a word; the first one of a page may take longer. */
const GRACE_MS = 1_500;
const FIRST_GRACE_MS = 5_000;
/** Messages that were not taken for so long are not merely on their way: the server cannot keep them now. */
const HELD_MS = 12_000;

/** One quiet line about the connection, only when it matters: what is, how much waits, since when, and what can be done. */
export function LinkLine() {
  const { client } = useApp();
  const { t } = useLocale();
  const link = useLink();
  const waiting = useWaitingHere(['waiting', 'uploading']);
  const seconds = useSecondsUntil(link);
  const late = useLate(link);
  const sending = useLasting(link.kind === 'online' && waiting > 0);
  const unsent = useWaiting();
  const held = useLasting(link.kind === 'online' && unsent > 0, HELD_MS);
  const synced = useSyncedWords();
  if (link.kind === 'online') return <OnlineLine link={link} sending={sending ? waiting : 0} held={held} />;
  if (link.kind === 'closed' || !late) return <div className="link-line" role="status" hidden />;
  const words = {
    connecting: () => t('link.connecting'),
    waiting: () => (seconds > 0 ? t('link.waiting', { count: seconds }) : t('link.connecting')),
    offline: () => t('link.offline'),
    signed_out: () => t('link.signed_out'),
  }[link.kind]();
  const more = [...(waiting > 0 ? [t('link.queued', { count: waiting })] : []), ...(synced === null ? [] : [synced])];
  return (
    <div className="link-line">
      {/* The seconds are not read out: the status says only what kind of trouble it is. */}
      <p aria-hidden>
        {[words, ...more.slice(0, 1)].join(' · ')}
        {more.slice(1).map((text) => (
          <span key={text} className="wide-only">
            {' · '}
            {text}
          </span>
        ))}
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

interface OnlineLineProps {
  readonly link: Link;
  readonly sending: number;
  /** Whether messages wait because the server does not take them now. */
  readonly held: boolean;
}

/** While connected: how much is on its way when that takes a while, or waits, and that the link is slow. */
function OnlineLine({ link, sending, held }: OnlineLineProps) {
  const { t } = useLocale();
  const words = [
    ...(isSlow(link) ? [t('link.slow')] : []),
    ...(sending > 0 ? [t(held ? 'link.held' : 'link.sending', { count: sending })] : []),
  ];
  if (words.length === 0) return <div className="link-line" role="status" hidden />;
  return (
    <div className="link-line calm">
      {/* The number changes with every message; what is read out does not. */}
      <p aria-hidden>{words.join(' · ')}</p>
      <p className="sr-only" role="status">
        {isSlow(link) ? t('link.slow') : t(held ? 'link.held.spoken' : 'report.sending')}
      </p>
    </div>
  );
}

/** Polling is what is left where nothing stays open: messages come with a delay. */
function isSlow(link: Link): boolean {
  return link.kind === 'online' && link.transport === 'poll';
}

type FileState = Outgoing['state']['kind'];
const NOT_SENT: readonly FileState[] = ['waiting', 'uploading', 'paused', 'failed'];

/** Messages and other changes that wait on this device; of those with files, the ones in these states. */
export function useWaitingHere(states: readonly FileState[] = NOT_SENT): number {
  const { client } = useApp();
  const withFiles = useAllOutgoing().filter(({ state }) => states.includes(state.kind)).length;
  const messages = useWaiting();
  const all = useStore(client.sync).waiting;
  return Math.max(messages, all) + withFiles;
}

/** "Last up to date 5 min ago"; `null` when it never was. */
function useSyncedWords(): string | null {
  const { client } = useApp();
  const locale = useLocale();
  const now = useNow();
  const at = useStore(client.sync).synced_at;
  return at === null ? null : locale.t('link.synced', { when: locale.relative(at, now) });
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

/** Whether something has been so for `ms`, by default for longer than the grace. */
function useLasting(holds: boolean, ms = GRACE_MS): boolean {
  const [lasting, setLasting] = useState(false);
  useEffect(() => {
    if (!holds) return setLasting(false);
    const timer = setTimeout(() => setLasting(true), ms);
    return () => clearTimeout(timer);
  }, [holds, ms]);
  return holds && lasting;
}

/** Whether the link has been away for longer than the grace; being offline or signed out shows at once. */
function useLate(link: Link): boolean {
  const away = link.kind === 'connecting' || link.kind === 'waiting';
  const [late, setLate] = useState<'no' | 'late' | 'very'>('no');
  const failed = useRef(false);
  if (link.kind === 'online' || link.kind === 'waiting') failed.current = true;
  useEffect(() => {
    if (!away) return setLate('no');
    const timers = [setTimeout(() => setLate('late'), GRACE_MS), setTimeout(() => setLate('very'), FIRST_GRACE_MS)];
    return () => timers.forEach(clearTimeout);
  }, [away]);
  // A page's very first connection may take longer, unless it has failed already.
  return !away || late === 'very' || (late === 'late' && failed.current);
}
