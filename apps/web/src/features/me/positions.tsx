import type { RouteResponse } from '@konferenco/client';
import { Trash2 } from 'lucide-react';
import { useCallback, useEffect, useState } from 'react';
import { useApp, useLocale, useNow, useStore } from '../../state/app.ts';
import { SharePosition, sinceWords } from './share-position.tsx';

type Kept = RouteResponse<'positions'>;

/** Whether this person lets the server keep where they were, what it has, and the way to have it erased. */
export function Positions() {
  const { client, announcer, sharing } = useApp();
  const locale = useLocale();
  const { t, why } = locale;
  const now = useNow();
  const [kept, setKept] = useState<Kept | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const load = useCallback(async () => {
    setKept(await client.rest('positions', { query: { limit: 1 } }));
    setError(null);
  }, [client]);
  useEffect(() => {
    load().catch(setError);
    const stops = [
      client.on('link', ({ kind }) => {
        if (kind === 'online') load().catch(setError);
      }),
      // Said or taken back on another device.
      client.on('changed', ({ what }) => {
        if (what === 'profile') load().catch(setError);
      }),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, [client, load]);
  // The first position that was sent may be the first that is kept.
  const isSent = useStore(sharing).sender?.last != null;
  useEffect(() => {
    if (isSent) load().catch(setError);
  }, [isSent, load]);
  const withdraw = async (): Promise<void> => {
    sharing.turnOff();
    await client.rest('withdrawPositions');
  };
  const run = async (work: () => Promise<unknown>, done: string): Promise<void> => {
    setBusy(true);
    try {
      await work();
      announcer.show(done);
      await load();
    } catch (thrown) {
      announcer.show(t('failed.action', { reason: why(thrown) }), { harm: true });
    } finally {
      setBusy(false);
    }
  };
  if (kept === null && (error as { readonly error?: unknown } | null)?.error === 'not_found') return null;
  const [oldest] = kept?.items ?? [];
  return (
    <section className="settings">
      <h2>{t('positions')}</h2>
      <SharePosition />
      <label className="check">
        <input
          type="checkbox"
          checked={kept?.consent !== undefined}
          disabled={kept === null || busy}
          onChange={(event) =>
            void (event.target.checked
              ? run(() => client.rest('allowPositions'), t('positions.allowed'))
              : run(withdraw, t('positions.withdrawn')))
          }
        />
        {t('positions.allow')}
      </label>
      <p className="hint">{t('positions.words')}</p>
      {kept === null && error !== null && <p className="error">{why(error)}</p>}
      {kept?.consent && (
        <p className="hint">
          {t('positions.since', { when: sinceWords(locale, kept.consent.given_at, now) })}{' '}
          {oldest ? t('positions.kept', { when: locale.clock(oldest.at) }) : t('positions.none')}
        </p>
      )}
      {oldest && (
        <button
          type="button"
          className="button"
          disabled={busy}
          onClick={() => void run(() => client.rest('erasePositions'), t('positions.erased'))}
        >
          <Trash2 size={18} aria-hidden />
          {t('positions.erase')}
        </button>
      )}
    </section>
  );
}
