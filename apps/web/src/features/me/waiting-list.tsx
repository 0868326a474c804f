import { LIMITS } from '@konferenco/client';
import { useCallback, useEffect, useState } from 'react';
import { talk } from '../../router.ts';
import { useApp, useLocale, useNow } from '../../state/app.ts';
import type { WaitingEntry } from '../../state/device.ts';
import { Link } from '../../ui/parts.tsx';
import { useWaitingHere } from '../shell/link-line.tsx';
import { titleOf, useConversation, useSubject } from '../talk/use-subject.ts';

/** Lines shown; what waits goes in order, so the first are what matters. */
const SHOWN = 20;

/** An entry leaves the number first and the disk a moment later. */
const SETTLED_MS = 500;

/** What waits on this device to be sent. */
export function WaitingList() {
  const { t } = useLocale();
  const count = useWaitingHere();
  const entries = useWaitingEntries(count);
  return (
    <section className="settings">
      <h2>{t('device.waiting')}</h2>
      {entries.length === 0 ? (
        <p>{count === 0 ? t('device.waiting.none') : t('link.queued', { count })}</p>
      ) : (
        <>
          <ul className="waiting-list">
            {entries
              .slice(0, SHOWN)
              .map((entry) =>
                entry.text === null ? (
                  <WaitingChange key={entry.id} entry={entry} />
                ) : (
                  <WaitingMessage key={entry.id} entry={entry} />
                ),
              )}
          </ul>
          {entries.length > SHOWN && <p>{t('device.waiting.more', { count: entries.length - SHOWN })}</p>}
        </>
      )}
      <p className="hint">{t('device.waiting.bound', { count: LIMITS.outbox_entries })}</p>
    </section>
  );
}

/** The outbox as it is on disk, read again whenever its length changes. */
function useWaitingEntries(count: number): readonly WaitingEntry[] {
  const { device, announcer } = useApp();
  const { why } = useLocale();
  const [entries, setEntries] = useState<readonly WaitingEntry[]>([]);
  const read = useCallback(() => {
    device.waiting().then(setEntries, (error: unknown) => announcer.show(why(error), { harm: true }));
  }, [device, announcer, why]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the number says that the list changed
  useEffect(() => {
    read();
    const timer = setTimeout(read, SETTLED_MS);
    return () => clearTimeout(timer);
  }, [read, count]);
  return count === 0 ? [] : entries;
}

function WaitingMessage({ entry }: { readonly entry: WaitingEntry }) {
  const locale = useLocale();
  const { t } = locale;
  const now = useNow();
  const { client } = useApp();
  const subject = useSubject(entry.log);
  const conversation = useConversation(entry.log);
  const title = titleOf(subject, t('you'));
  return (
    <li>
      <div className="waiting-what">
        <p dir="auto" className="clamped">
          {entry.text}
        </p>
        <p className="hint">
          <Link to={talk(entry.log)}>{t('device.waiting.to', { title })}</Link> ·{' '}
          {t('device.waiting.since', { when: locale.relative(entry.at, now) })}
        </p>
      </div>
      <button
        type="button"
        className="button quiet"
        onClick={() => {
          conversation?.retry(entry.id);
          client.reconnectNow();
        }}
      >
        {t('retry')}
      </button>
      <button type="button" className="button quiet" onClick={() => conversation?.discard(entry.id)}>
        {t('discard')}
      </button>
    </li>
  );
}

/** A change to replicated state: what came after may build on it, so it cannot be taken out alone. */
function WaitingChange({ entry }: { readonly entry: WaitingEntry }) {
  const locale = useLocale();
  const now = useNow();
  return (
    <li>
      <div className="waiting-what">
        <p>{locale.t('device.waiting.change')}</p>
        <p className="hint">{locale.t('device.waiting.since', { when: locale.relative(entry.at, now) })}</p>
      </div>
    </li>
  );
}
