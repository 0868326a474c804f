import type { Invite, RouteResponse } from '@konferenco/client';
import { useEffect, useState } from 'react';
import { talk } from '../../router.ts';
import { useApp, useLocale, useStore } from '../../state/app.ts';
import { Notices } from '../shell/notices.tsx';
import { useAutofocus } from '../../ui/use-autofocus.ts';
import { roleName } from '../people/role-name.ts';

const NAME_CHARS = 80;

/** Signing in: by invitation, or by name alone where the server runs a demonstration. */
export function JoinScreen({ code }: { readonly code: string | null }) {
  const { navigator } = useApp();
  const { t } = useLocale();
  const { server, asked } = useServer();
  const invite = useInvite(code);
  const [typed, setTyped] = useState('');
  const demo = server?.demo === true;
  return (
    <div className="join">
      <main className="join-card" id="main">
        <p className="join-brand">{server?.name ?? 'Konferenco'}</p>
        {code !== null ? (
          <ByInvitation code={code} invite={invite} />
        ) : !asked ? (
          <p role="status">{t('loading')}</p>
        ) : (
          <>
            {demo && <NameForm title={t('join.demo')} hint={t('join.demo.hint')} invite={null} />}
            <form
              className="form"
              onSubmit={(event) => {
                event.preventDefault();
                if (typed.trim() !== '') navigator.go({ name: 'join', code: codeOf(typed) });
              }}
            >
              {demo ? <h2>{t('join.or_code')}</h2> : <h1>{t('join.title')}</h1>}
              <label className="label">
                {t('join.code')}
                <input
                  className="field"
                  required
                  dir="ltr"
                  autoComplete="off"
                  value={typed}
                  onChange={(event) => setTyped(event.target.value)}
                />
              </label>
              {!demo && <p className="hint">{t('join.hint')}</p>}
              <button type="submit" className={demo ? 'button' : 'button primary'}>
                {t('join.continue')}
              </button>
            </form>
          </>
        )}
        <LanguageSwitch />
      </main>
      <Notices />
    </div>
  );
}

/** The code in what was typed or pasted: a code, or a link that ends with one. */
export function codeOf(text: string): string {
  const parts = text.trim().split(/[?#]/)[0]?.split('/').filter(Boolean) ?? [];
  return parts.at(-1) ?? '';
}

interface InvitationProps {
  readonly code: string;
  readonly invite: InviteState;
}

function ByInvitation({ code, invite }: InvitationProps) {
  const { navigator } = useApp();
  const locale = useLocale();
  const { t } = locale;
  if (invite.kind === 'loading') return <p role="status">{t('loading')}</p>;
  if (invite.kind === 'failed') {
    return (
      <>
        <h1>{t('join.invalid')}</h1>
        <p role="alert">{t('join.invalid.words', { reason: locale.why(invite.reason) })}</p>
        <button type="button" className="button primary" onClick={() => navigator.go({ name: 'join', code: null })}>
          {t('join.other_code')}
        </button>
      </>
    );
  }
  const { event_title, role } = invite.invite;
  return (
    <NameForm
      title={t('join.event', { event: event_title })}
      hint={t('join.as', { role: roleName(role, locale) })}
      invite={code}
    />
  );
}

interface NameFormProps {
  readonly title: string;
  readonly hint: string;
  readonly invite: string | null;
}

function NameForm({ title, hint, invite }: NameFormProps) {
  const { client, navigator, startSession } = useApp();
  const { t, why } = useLocale();
  const [name, setName] = useState('');
  const field = useAutofocus();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const join = async (): Promise<void> => {
    if (name.trim() === '') return;
    setBusy(true);
    setError(null);
    try {
      await client.signIn({ name: name.trim(), ...(invite === null ? {} : { invite }) });
      navigator.go(talk(null), { replace: true });
      startSession();
    } catch (caught) {
      setError(why(caught));
      setBusy(false);
    }
  };
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        void join();
      }}
    >
      <h1>{title}</h1>
      <p className="hint">{hint}</p>
      <label className="label">
        {t('join.name')}
        <input
          className="field large"
          ref={field}
          required
          dir="auto"
          autoComplete="name"
          maxLength={NAME_CHARS}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
      </label>
      {error && (
        <p className="error" role="alert">
          {t('join.failed', { reason: error })}
        </p>
      )}
      <button type="submit" className="button primary" disabled={busy}>
        {busy ? t('join.joining') : t('join')}
      </button>
    </form>
  );
}

/** The two languages, each named in itself. */
export function LanguageSwitch() {
  const { preferences } = useApp();
  const { t } = useLocale();
  const chosen = useStore(preferences);
  return (
    <fieldset className="segments" aria-label={t('language')}>
      {(['en', 'mi'] as const).map((language) => (
        <button
          key={language}
          type="button"
          lang={language}
          aria-pressed={chosen.language === language}
          onClick={() => preferences.set({ ...chosen, language })}
        >
          {language === 'en' ? 'English' : 'Te reo Māori'}
        </button>
      ))}
    </fieldset>
  );
}

type InviteState =
  | { readonly kind: 'loading' }
  | { readonly kind: 'ready'; readonly invite: Invite }
  | { readonly kind: 'failed'; readonly reason: unknown };

function useInvite(code: string | null): InviteState {
  const { client } = useApp();
  const [state, setState] = useState<InviteState>({ kind: 'loading' });
  useEffect(() => {
    if (code === null) return;
    let wanted = true;
    setState({ kind: 'loading' });
    client.rest('invite', { params: { code } }).then(
      (invite) => wanted && setState({ kind: 'ready', invite }),
      (error: unknown) => wanted && setState({ kind: 'failed', reason: error }),
    );
    return () => {
      wanted = false;
    };
  }, [client, code]);
  return state;
}

/** Mean pause before the server is asked again. */
const RETRY_MS = 5_000;

/** What the server says of itself, and whether it was asked: after a first failure the page goes on without. */
function useServer(): { readonly server: RouteResponse<'server'> | null; readonly asked: boolean } {
  const { client, announcer } = useApp();
  const { t, why } = useLocale();
  const [server, setServer] = useState<RouteResponse<'server'> | null>(null);
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    client.rest('server').then(setServer, (error: unknown) => {
      announcer.show(t('failed.load', { reason: why(error) }), { harm: true });
      timer = setTimeout(() => setAttempt(attempt + 1), RETRY_MS * (0.5 + Math.random()));
    });
    return () => clearTimeout(timer);
  }, [client, announcer, t, why, attempt]);
  return { server, asked: server !== null || attempt > 0 };
}
