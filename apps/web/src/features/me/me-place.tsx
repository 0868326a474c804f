import { Activity, ChevronRight, Flag, HardDrive, Keyboard } from 'lucide-react';
import { lazy, Suspense, useEffect, useState } from 'react';
import type { MeSection } from '../../router.ts';
import { useApp, useBlocked, useEvent, useLocale, useName, useNow, useStore } from '../../state/app.ts';
import type { Preferences } from '../../state/preferences.ts';
import { Avatar } from '../../ui/avatar.tsx';
import { Link } from '../../ui/parts.tsx';
import { LanguageSwitch } from '../join/join-screen.tsx';
import { BlockButton } from '../people/person-card.tsx';
import { moderates } from '../people/role-name.ts';
import { useWaitingHere } from '../shell/link-line.tsx';
import { DevicePage, RemoveButton } from './device-page.tsx';
import { Reports } from './reports.tsx';

const Positions = lazy(() => import('./positions.tsx').then((m) => ({ default: m.Positions })));

/** Oneself: profile, appearance, blocked people, signing out; for moderators the reports. */
export function MePlace({ section }: { readonly section: MeSection | null }) {
  const { t } = useLocale();
  const event = useEvent();
  const operates = useStore(useApp().venue.me).value?.operator === true;
  const moderator = event !== null && moderates(event.role);
  if (section === 'reports') return <Reports />;
  if (section === 'device') return <DevicePage />;
  return (
    <main className="page" id="main">
      <h1 tabIndex={-1} data-heading>
        {t('place.me')}
      </h1>
      <Profile />
      {moderator && (
        <section className="settings">
          <h2>{t('me.moderating')}</h2>
          <Link to={{ name: 'me', section: 'reports' }} className="button">
            <Flag size={18} aria-hidden />
            {t('reports')}
          </Link>
        </section>
      )}
      {operates && (
        <section className="settings">
          <h2>{t('me.operating')}</h2>
          <Link to={{ name: 'operator' }} className="button">
            <Activity size={18} aria-hidden />
            {t('place.operate')}
          </Link>
        </section>
      )}
      <OnDevice />
      <Appearance />
      <Suspense fallback={null}>
        <Positions />
      </Suspense>
      <Blocked />
      <Account />
    </main>
  );
}

const NAME_CHARS = 80;
const ABOUT_CHARS = 280;

function Profile() {
  const { client, venue, announcer, directory } = useApp();
  const { t, why } = useLocale();
  const me = useStore(venue.me).value?.user ?? client.me;
  const [name, setName] = useState(me?.name ?? '');
  const [about, setAbout] = useState(me?.about ?? '');
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    setName(me?.name ?? '');
    setAbout(me?.about ?? '');
  }, [me?.name, me?.about]);
  if (me === null) return null;
  const same = name.trim() === me.name && about.trim() === (me.about ?? '');
  const save = async (): Promise<void> => {
    setBusy(true);
    try {
      const fields = { name: name.trim(), about: about.trim() };
      // Kept here and sent when there is a connection; what the server makes of it comes back as a change.
      await client.own.setProfile({
        ...(fields.name === me?.name ? {} : { name: fields.name }),
        ...(fields.about === (me?.about ?? '') ? {} : { about: fields.about }),
      });
      const user = { ...me, ...fields, id: me?.id ?? '' };
      directory.learn([user]);
      const state = venue.me.state().value;
      if (state) venue.me.put({ ...state, user });
      announcer.show(t('saved'));
    } catch (error) {
      announcer.show(t('failed.action', { reason: why(error) }), { harm: true });
    } finally {
      setBusy(false);
    }
  };
  return (
    <section className="settings">
      <div className="profile-head">
        <Avatar id={me.id} name={me.name} size="large" />
        <h2 dir="auto">{me.name}</h2>
      </div>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <label className="label">
          {t('me.name')}
          <input
            className="field"
            required
            dir="auto"
            maxLength={NAME_CHARS}
            autoComplete="name"
            value={name}
            onChange={(e) => setName(e.target.value)}
          />
        </label>
        <label className="label">
          {t('me.about')}
          <textarea
            className="field"
            rows={3}
            dir="auto"
            maxLength={ABOUT_CHARS}
            value={about}
            onChange={(e) => setAbout(e.target.value)}
          />
        </label>
        <p className="hint">{t('me.about.hint')}</p>
        <button type="submit" className="button primary" disabled={busy || same || name.trim() === ''}>
          {t('save')}
        </button>
      </form>
    </section>
  );
}

/** What waits and how fresh it is, in a line, and the way to all of it. */
function OnDevice() {
  const { client } = useApp();
  const locale = useLocale();
  const { t } = locale;
  const now = useNow();
  const waiting = useWaitingHere();
  const { synced_at } = useStore(client.sync);
  const synced =
    synced_at === null ? t('device.synced.never') : t('device.synced', { when: locale.relative(synced_at, now) });
  return (
    <section className="settings">
      <h2>{t('me.device')}</h2>
      <Link to={{ name: 'me', section: 'device' }} className="row boxed">
        <HardDrive size={20} aria-hidden />
        <span className="row-main">
          <span className="row-title">{t('device.open')}</span>
          <span className="row-preview wrap">
            {waiting > 0 ? `${t('link.queued', { count: waiting })} · ${synced}` : synced}
          </span>
        </span>
        <ChevronRight size={20} aria-hidden className="flip-rtl" />
      </Link>
    </section>
  );
}

function Appearance() {
  const { preferences, overlay } = useApp();
  const { t } = useLocale();
  const chosen = useStore(preferences);
  const themes: readonly (readonly [Preferences['theme'], string])[] = [
    ['system', t('theme.system')],
    ['light', t('theme.light')],
    ['dark', t('theme.dark')],
  ];
  return (
    <section className="settings">
      <h2>{t('me.look')}</h2>
      <h3>{t('language')}</h3>
      <LanguageSwitch />
      <h3>{t('theme')}</h3>
      <fieldset className="segments" aria-label={t('theme')}>
        {themes.map(([theme, words]) => (
          <button
            key={theme}
            type="button"
            aria-pressed={chosen.theme === theme}
            onClick={() => preferences.set({ ...chosen, theme })}
          >
            {words}
          </button>
        ))}
      </fieldset>
      <h3>{t('me.keyboard')}</h3>
      <label className="check">
        <input
          type="checkbox"
          checked={chosen.singleKeys}
          onChange={(event) => preferences.set({ ...chosen, singleKeys: event.target.checked })}
        />
        {t('me.single_keys')}
      </label>
      <button type="button" className="button" onClick={() => overlay.set('keyboard')}>
        <Keyboard size={18} aria-hidden />
        {t('keys.title')}
      </button>
    </section>
  );
}

function Blocked() {
  const { t } = useLocale();
  const blocked = useBlocked();
  return (
    <section className="settings">
      <h2>{t('me.blocked')}</h2>
      {blocked.length === 0 ? (
        <p className="hint">{t('me.blocked.none')}</p>
      ) : (
        <ul className="rows">
          {blocked.map((user) => (
            <BlockedRow key={user} user={user} />
          ))}
        </ul>
      )}
    </section>
  );
}

function BlockedRow({ user }: { readonly user: string }) {
  const name = useName(user);
  return (
    <li className="row still">
      <Avatar id={user} name={name} size="small" />
      <span className="row-title">
        <bdi>{name}</bdi>
      </span>
      <BlockButton user={user} name={name} blocked />
    </li>
  );
}

function Account() {
  const { t } = useLocale();
  return (
    <section className="settings">
      <h2>{t('me.account')}</h2>
      <p className="hint">{t('me.sign_out.hint')}</p>
      <RemoveButton label={t('me.sign_out')} />
    </section>
  );
}
