import { KonferencoProvider } from '@konferenco/client/react';
import { useEffect, useState } from 'react';
import type { Catalogue } from './i18n/catalogue.ts';
import { en } from './i18n/en.ts';
import { createLocale, type Language, type Locale } from './i18n/locale.ts';
import { JoinScreen } from './features/join/join-screen.tsx';
import { Shell } from './features/shell/shell.tsx';
import { type App, AppContext, LocaleContext, useApp, useLocale, useRoute, useStore } from './state/app.ts';

/** The words of a language; English comes with the first load, others when they are chosen. */
export async function loadCatalogue(language: Language): Promise<Catalogue> {
  return language === 'mi' ? (await import('./i18n/mi.ts')).mi : en;
}

interface RootProps {
  readonly app: App;
  readonly locale: Locale;
}

/** The whole page: its language and theme, and either the way in or the shell. */
export function Root({ app, locale: first }: RootProps) {
  return (
    <AppContext value={app}>
      <KonferencoProvider client={app.client}>
        <Localised first={first}>
          <Theme />
          <Screen />
        </Localised>
      </KonferencoProvider>
    </AppContext>
  );
}

function Localised({ first, children }: { readonly first: Locale; readonly children: React.ReactNode }) {
  const { preferences, locale: current } = useApp();
  const { language } = useStore(preferences);
  const [locale, setLocale] = useState(first);
  useEffect(() => {
    let wanted = true;
    if (language === locale.language) return;
    // A language that cannot be fetched leaves the present one in place.
    loadCatalogue(language).then(
      (catalogue) => wanted && setLocale(createLocale(language, catalogue)),
      () => {},
    );
    return () => {
      wanted = false;
    };
  }, [language, locale]);
  useEffect(() => {
    document.documentElement.lang = locale.language;
    current.set(locale);
  }, [locale, current]);
  return <LocaleContext value={locale}>{children}</LocaleContext>;
}

function Theme() {
  const { preferences } = useApp();
  const { theme } = useStore(preferences);
  useEffect(() => applyTheme(theme), [theme]);
  return null;
}

/** Follows the system unless told otherwise. */
export function applyTheme(theme: 'system' | 'light' | 'dark'): void {
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
}

function Screen() {
  const { session, navigator, client, venue, announcer } = useApp();
  const { why } = useLocale();
  const state = useStore(session);
  const route = useRoute();
  const code = route.name === 'join' ? route.code : null;
  useEffect(() => {
    // Somebody already signed in who follows an invitation joins as the person they are.
    if (state !== 'in' || route.name !== 'join') return;
    const accept =
      code === null
        ? Promise.resolve()
        : client.rest('acceptInvite', { params: { code } }).then((event) => venue.choose(event.id));
    accept
      .catch((error: unknown) => announcer.show(why(error), { harm: true }))
      .finally(() => navigator.go({ name: 'talk', log: null, panel: null, message: null }, { replace: true }));
  }, [state, route.name, code, client, venue, announcer, navigator, why]);
  if (state === 'starting') return null;
  if (state === 'out') return <JoinScreen code={code} />;
  return <Shell />;
}
