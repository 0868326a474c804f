import type { Invite } from '@konferenco/client';
import { Copy } from 'lucide-react';
import { useCallback, useEffect, useState } from 'react';
import { useApp, useEvent, useLocale } from '../../state/app.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Failed, Loading } from '../../ui/parts.tsx';

const DAY_S = 86_400;
const INVITE = { max_uses: 50, expires_in_s: 7 * DAY_S } as const;

/** An invitation to the event, as a link and as a code, each to be copied. Made when the dialogue opens. */
export function InviteDialog({ onClose }: { readonly onClose: () => void }) {
  const { client } = useApp();
  const locale = useLocale();
  const { t } = locale;
  const [state, setState] = useState<{ invite: Invite | null; error: unknown }>({ invite: null, error: null });
  const event = useEvent()?.id;
  const create = useCallback(() => {
    if (event === undefined) return;
    setState({ invite: null, error: null });
    client.rest('createInvite', { params: { event }, body: INVITE }).then(
      (invite) => setState({ invite, error: null }),
      (error: unknown) => setState({ invite: null, error }),
    );
  }, [client, event]);
  useEffect(create, [create]);
  const { invite, error } = state;
  return (
    <Dialog title={t('invite.people')} onClose={onClose}>
      {error !== null && <Failed reason={error} retry={create} />}
      {!invite && error === null && <Loading />}
      {invite && (
        <div className="form">
          <Copyable label={t('invite.link')} value={`${window.location.origin}/join/${invite.code}`} />
          <Copyable label={t('invite.code')} value={invite.code} />
          <p className="hint">
            {t('invite.terms', {
              count: invite.uses_left,
              event: invite.event_title,
              day: locale.day(invite.expires_at, Date.now()),
            })}
          </p>
        </div>
      )}
    </Dialog>
  );
}

function Copyable({ label, value }: { readonly label: string; readonly value: string }) {
  const { t } = useLocale();
  const [outcome, setOutcome] = useState<'none' | 'copied' | 'refused'>('none');
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(value);
      setOutcome('copied');
    } catch {
      setOutcome('refused');
    }
  };
  return (
    <label className="label">
      {label}
      <span className="copyable">
        <input className="field" readOnly dir="ltr" value={value} onFocus={(event) => event.target.select()} />
        <button type="button" className="button" aria-label={t('copy.what', { label })} onClick={() => void copy()}>
          <Copy size={18} aria-hidden />
          {t('copy')}
        </button>
      </span>
      <span className="hint" role="status">
        {outcome === 'copied' && t('copied')}
        {outcome === 'refused' && t('copy.by_hand')}
      </span>
    </label>
  );
}
