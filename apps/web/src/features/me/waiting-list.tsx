import { LIMITS } from '@konferenco/client';
import { useCallback, useEffect, useRef, useState } from 'react';
import { talk } from '../../router.ts';
import { useApp, useLocale, useNow, useStore } from '../../state/app.ts';
import type { WaitingEntry } from '../../state/device.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Link } from '../../ui/parts.tsx';
import { useWaitingHere } from '../shell/link-line.tsx';
import { useWaitingWords } from './use-waiting-words.ts';
import { titleOf, useConversation, useSubject } from '../talk/use-subject.ts';

/** Lines shown; what waits goes in order, so the first are what matters. */
const SHOWN = 20;

/** An entry leaves the number first and the disk a moment later. */
const SETTLED_MS = 500;

/** What waits on this device to be sent. */
export function WaitingList() {
  const { t } = useLocale();
  const count = useWaitingHere();
  const [entries, read] = useWaitingEntries(count);
  const heading = useRef<HTMLHeadingElement>(null);
  // A line goes with the button that was pressed: reading goes on at the top of the list.
  const goOn = (): void => {
    heading.current?.focus();
    read();
  };
  return (
    <section className="settings">
      <h2 ref={heading} tabIndex={-1}>
        {t('device.waiting')}
      </h2>
      {entries.length === 0 ? (
        <p>{count === 0 ? t('device.waiting.none') : t('link.queued', { count })}</p>
      ) : (
        <>
          <ul className="waiting-list">
            {entries
              .slice(0, SHOWN)
              .map((entry) =>
                entry.text === null ? (
                  <WaitingChange key={entry.id} entry={entry} onGone={goOn} />
                ) : (
                  <WaitingMessage key={entry.id} entry={entry} onGone={goOn} />
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
function useWaitingEntries(count: number): readonly [entries: readonly WaitingEntry[], read: () => void] {
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
  return [count === 0 ? [] : entries, read];
}

interface WaitingProps {
  readonly entry: WaitingEntry;
  /** It is about to be removed, and this line with it. */
  readonly onGone: () => void;
}

function WaitingMessage({ entry, onGone }: WaitingProps) {
  const { t } = useLocale();
  const { client } = useApp();
  const conversation = useConversation(entry.log);
  const title = titleOf(useSubject(entry.log), t('you'));
  return (
    <li>
      <div className="waiting-what">
        <p dir="auto" className="clamped">
          {entry.text}
        </p>
        <p className="hint">
          <Link to={talk(entry.log)}>{t('device.waiting.to', { title })}</Link> · <Since entry={entry} />
        </p>
      </div>
      <div className="waiting-actions">
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
        <Discard
          what={entry.text ?? ''}
          discard={async () => {
            conversation?.discard(entry.id);
            onGone();
          }}
        />
      </div>
    </li>
  );
}

/** Something that is no message: a correction of one, or a change to the programme, a meeting or the person's own lists. */
function WaitingChange({ entry, onGone }: WaitingProps) {
  const { client } = useApp();
  const { t } = useLocale();
  const words = useWaitingWords(entry);
  const conversation = useConversation(entry.log);
  const operation = useStore(client.sync).operations.find(({ id }) => id === entry.id);
  const isChat = entry.what.type === 'chat';
  return (
    <li>
      <div className="waiting-what">
        <p dir="auto" className="clamped">
          {words}
        </p>
        <p className="hint">
          <Since entry={entry} />
          {operation?.discardable === false && ' · '}
          {operation?.discardable === false &&
            t(operation.document.startsWith('notes/') ? 'waiting.minutes.kept' : 'waiting.later_first')}
        </p>
      </div>
      {(isChat || operation?.discardable) && (
        <Discard
          what={words}
          discard={async () => {
            if (isChat) conversation?.discard(entry.id);
            else await client.sync.discard(entry.id);
            onGone();
          }}
        />
      )}
    </li>
  );
}

function Since({ entry }: { readonly entry: WaitingEntry }) {
  const locale = useLocale();
  const now = useNow();
  return locale.t('device.waiting.since', { when: locale.relative(entry.at, now) });
}

interface DiscardProps {
  readonly what: string;
  readonly discard: () => Promise<void>;
}

/** Removes something before it is sent; asks first, as it is nowhere else. */
function Discard({ what, discard }: DiscardProps) {
  const { announcer } = useApp();
  const { t, why } = useLocale();
  const [asking, setAsking] = useState(false);
  const remove = (): void => {
    setAsking(false);
    discard().then(
      () => announcer.show(t('waiting.discarded')),
      (error: unknown) => announcer.show(t('failed.action', { reason: why(error) }), { harm: true }),
    );
  };
  return (
    <>
      <button
        type="button"
        className="button quiet"
        aria-label={t('waiting.discard', { what })}
        onClick={() => setAsking(true)}
      >
        {t('discard')}
      </button>
      {asking && (
        <Dialog title={t('waiting.discard.title')} onClose={() => setAsking(false)}>
          <p dir="auto" className="clamped">
            {what}
          </p>
          <p>{t('waiting.discard.words')}</p>
          <div className="dialog-actions">
            <button type="button" className="button" data-autofocus onClick={() => setAsking(false)}>
              {t('cancel')}
            </button>
            <button type="button" className="button harm solid" onClick={remove}>
              {t('discard')}
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}
