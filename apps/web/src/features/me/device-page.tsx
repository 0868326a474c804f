import { ArrowLeft, Download, HardDrive, RefreshCw, Trash2 } from 'lucide-react';
import { lazy, Suspense, useCallback, useEffect, useState } from 'react';
import { useApp, useLocale, useNow, useStore } from '../../state/app.ts';
import { KEEP_CHOICES } from '../../state/preferences.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Link } from '../../ui/parts.tsx';
import { useNoticeWords } from '../shell/device-lines.tsx';
import { useWaitingHere } from '../shell/link-line.tsx';
import { WaitingList } from './waiting-list.tsx';

const FilesHere = lazy(() => import('../files/files.ts').then((m) => ({ default: m.FilesHere })));

/** What this device keeps and what waits on it: seen, brought up to date, fetched anew and removed. */
export function DevicePage() {
  const { t } = useLocale();
  return (
    <main className="page" id="main">
      <header className="page-head">
        <Link to={{ name: 'me', section: null }} up className="icon-button" label={t('back')}>
          <ArrowLeft size={20} aria-hidden className="flip-rtl" />
        </Link>
        <h1 tabIndex={-1} data-heading>
          {t('device.title')}
        </h1>
      </header>
      <WaitingList />
      <Synced />
      <Kept />
      <Suspense fallback={null}>
        <FilesHere />
      </Suspense>
      <Storage />
      <Remove />
    </main>
  );
}

/** When everything was last up to date, and the two ways to bring it so. */
function Synced() {
  const { client, announcer } = useApp();
  const locale = useLocale();
  const { t, why } = locale;
  const now = useNow();
  const { synced_at, scopes } = useStore(client.sync);
  const [busy, setBusy] = useState(false);
  const [asking, setAsking] = useState(false);
  const syncing = busy || scopes.some((s) => s.syncing);
  const run = (work: () => Promise<void>): void => {
    setAsking(false);
    setBusy(true);
    work()
      .then(
        () => announcer.show(t('device.sync.done')),
        (error: unknown) => announcer.show(t('failed.action', { reason: why(error) }), { harm: true }),
      )
      .finally(() => setBusy(false));
  };
  const words = syncing
    ? t('device.syncing')
    : synced_at === null
      ? t('device.synced.never')
      : t('device.synced', { when: locale.relative(synced_at, now) });
  return (
    <section className="settings">
      <p>{words}</p>
      <div className="case-actions">
        <button type="button" className="button" disabled={syncing} onClick={() => run(() => client.sync.syncNow())}>
          <RefreshCw size={18} aria-hidden />
          {t('device.sync')}
        </button>
        <button type="button" className="button quiet" disabled={syncing} onClick={() => setAsking(true)}>
          {t('device.refetch')}
        </button>
      </div>
      {asking && (
        <Dialog title={t('device.refetch.title')} onClose={() => setAsking(false)}>
          <p>{t('device.refetch.words')}</p>
          <div className="dialog-actions">
            <button type="button" className="button" data-autofocus onClick={() => setAsking(false)}>
              {t('cancel')}
            </button>
            <button type="button" className="button primary" onClick={() => run(() => client.sync.refetch())}>
              {t('device.refetch')}
            </button>
          </div>
        </Dialog>
      )}
    </section>
  );
}

type Usage = Awaited<ReturnType<ReturnType<typeof useApp>['client']['usage']>>;

/** What the device says of its storage; `null` until it does. */
function useUsage(): readonly [usage: Usage | null, reload: () => void] {
  const { client } = useApp();
  const [usage, setUsage] = useState<Usage | null>(null);
  const reload = useCallback(() => {
    // A browser that does not tell leaves the words that say so.
    client.usage().then(setUsage, () => {});
  }, [client]);
  useEffect(reload, [reload]);
  return [usage, reload];
}

function Kept() {
  const { client, preferences } = useApp();
  const { t, number } = useLocale();
  const chosen = useStore(preferences);
  const [usage] = useUsage();
  const people = useStore({
    state: () => client.people.all().length,
    subscribe: (fn) => client.people.subscribe(fn),
  });
  const { scopes } = useStore(client.sync);
  const count = (namespace: 'schedule' | 'personal'): number =>
    scopes.filter((s) => s.namespace === namespace).reduce((sum, s) => sum + s.documents, 0);
  return (
    <section className="settings">
      <h2>{t('device.kept')}</h2>
      <ul className="plain-list tabular">
        {usage && <li>{t('device.kept.messages', { count: usage.entries })}</li>}
        <li>{t('device.kept.schedule', { count: count('schedule') })}</li>
        <li>{t('device.kept.personal', { count: count('personal') })}</li>
        <li>{t('device.kept.people', { count: people })}</li>
      </ul>
      <label className="label">
        {t('device.keep')}
        <select
          className="field"
          value={chosen.keepEntries}
          onChange={(event) => preferences.set({ ...chosen, keepEntries: Number(event.target.value) })}
        >
          {KEEP_CHOICES.map((count) => (
            <option key={count} value={count}>
              {number(count)}
            </option>
          ))}
        </select>
      </label>
      <p className="hint">{t('device.keep.hint')}</p>
    </section>
  );
}

/** How much room it takes, and whether the browser may take that away. */
function Storage() {
  const { device, announcer, install } = useApp();
  const { t, bytes } = useLocale();
  const [usage, reload] = useUsage();
  const installable = useStore(install);
  const notice = useStore(device.notice);
  const words = useNoticeWords();
  const persist = async (): Promise<void> => {
    if (!(await device.persist())) announcer.show(t('device.persist.refused'));
    reload();
  };
  const used = usage?.bytes ?? null;
  const quota = usage?.quota ?? null;
  return (
    <section className="settings">
      <h2>{t('device.storage')}</h2>
      {notice && <p className="error">{words(notice)}</p>}
      {used === null ? (
        <p>{t('device.unknown')}</p>
      ) : (
        <>
          <p className="tabular">
            <HardDrive size={16} aria-hidden className="inline-icon" />
            {quota === null
              ? t('device.used', { used: bytes(used) })
              : t('device.used_of', { used: bytes(used), quota: bytes(quota) })}
          </p>
          {quota !== null && (
            <meter
              className="meter"
              min={0}
              max={quota}
              high={quota * 0.9}
              value={used}
              aria-label={t('device.storage')}
            />
          )}
        </>
      )}
      {usage?.kind === 'durable' && (
        <p className="hint">{usage.persisted ? t('device.persisted') : t('device.not_persisted')}</p>
      )}
      {usage?.kind === 'durable' && !usage.persisted && (
        <button type="button" className="button" onClick={() => void persist()}>
          {t('device.persist')}
        </button>
      )}
      {installable && (
        <>
          <button type="button" className="button primary" onClick={() => void install.ask()}>
            <Download size={18} aria-hidden />
            {t('device.install')}
          </button>
          <p className="hint">{t('device.install.words')}</p>
        </>
      )}
    </section>
  );
}

function Remove() {
  const { t } = useLocale();
  return (
    <section className="settings">
      <p className="hint">{t('device.remove.words')}</p>
      <RemoveButton label={t('device.remove')} />
    </section>
  );
}

/** Signs out and removes everything here; says first what would be lost. */
export function RemoveButton({ label }: { readonly label: string }) {
  const { endSession } = useApp();
  const { t } = useLocale();
  const waiting = useWaitingHere();
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const end = (): void => {
    setAsking(false);
    setBusy(true);
    void endSession();
  };
  return (
    <>
      <button
        type="button"
        className="button harm"
        disabled={busy}
        onClick={() => (waiting > 0 ? setAsking(true) : end())}
      >
        <Trash2 size={18} aria-hidden />
        {label}
      </button>
      {asking && (
        <Dialog title={t('device.remove.title')} onClose={() => setAsking(false)}>
          <p>{t('device.remove.waiting', { count: waiting })}</p>
          <div className="dialog-actions">
            <button type="button" className="button" data-autofocus onClick={() => setAsking(false)}>
              {t('cancel')}
            </button>
            <button type="button" className="button harm solid" onClick={end}>
              {label}
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}
