import { lazy, Suspense, useEffect, useRef } from 'react';
import { hrefOf, type Route, talk } from '../../router.ts';
import { useApp, useEvent, useLocale, useRoute, useStore } from '../../state/app.ts';
import { Loading } from '../../ui/parts.tsx';
import { TalkPlace } from '../talk/talk-place.tsx';
import { Conflicts } from './conflicts.tsx';
import { DeviceLine, UpdateLine } from './device-lines.tsx';
import { focusContent } from './focus-content.ts';
import { LinkLine } from './link-line.tsx';
import { Notices } from './notices.tsx';
import { Places } from './places.tsx';
import { useShortcuts } from './use-shortcuts.ts';

// What the first screen does not need comes when it is opened.
const ProgrammePlace = lazy(() => import('../later.ts').then((m) => ({ default: m.ProgrammePlace })));
const PeoplePlace = lazy(() => import('../later.ts').then((m) => ({ default: m.PeoplePlace })));
const MePlace = lazy(() => import('../later.ts').then((m) => ({ default: m.MePlace })));
const SearchPlace = lazy(() => import('../later.ts').then((m) => ({ default: m.SearchPlace })));
const OperatorPlace = lazy(() => import('../operator/operator-place.tsx').then((m) => ({ default: m.OperatorPlace })));
const Palette = lazy(() => import('../later.ts').then((m) => ({ default: m.Palette })));
const KeyboardSheet = lazy(() => import('../later.ts').then((m) => ({ default: m.KeyboardSheet })));
const CreateChannel = lazy(() => import('../later.ts').then((m) => ({ default: m.CreateChannel })));
const InviteDialog = lazy(() => import('../later.ts').then((m) => ({ default: m.InviteDialog })));

/** The first screen's own requests go first. */
const REST_AFTER_MS = 1_000;

/** The frame around every place after signing in. */
export function Shell() {
  const route = useRoute();
  const { t } = useLocale();
  useShortcuts();
  useTitle();
  useHeadingFocus(route);
  useEffect(fetchTheRest, []);
  const inConversation = route.name === 'talk' && route.log !== null;
  return (
    <div className="shell" data-conversation={inConversation}>
      {/* biome-ignore lint/a11y/useValidAnchor: it is a link to a part of this page; focus goes there without a new address */}
      <a className="skip" href="#main" onClick={skipToContent}>
        {t('skip')}
      </a>
      <div className="lines">
        <LinkLine />
        <DeviceLine />
        <UpdateLine />
      </div>
      <Places />
      <Suspense fallback={<Loading />}>
        <Place route={route} />
      </Suspense>
      <Overlays />
      <Notices>
        <Conflicts />
      </Notices>
    </div>
  );
}

function skipToContent(event: React.MouseEvent): void {
  event.preventDefault();
  focusContent();
}

/** Once the first screen stands, the others are fetched as well, so that opening them does not wait for the network. */
function fetchTheRest(): () => void {
  const timer = setTimeout(() => {
    // A failure shows when a screen is opened, and is tried again then.
    import('../later.ts').catch(() => {});
  }, REST_AFTER_MS);
  return () => clearTimeout(timer);
}

function Place({ route }: { readonly route: Route }) {
  switch (route.name) {
    case 'talk':
      return <TalkPlace log={route.log} panel={route.panel} message={route.message} />;
    case 'programme':
    case 'meeting':
      return <ProgrammePlace route={route} />;
    case 'people':
      return <PeoplePlace user={route.user} />;
    case 'me':
      return <MePlace section={route.section} />;
    case 'search':
      return <SearchPlace query={route.query} />;
    case 'operator':
      return <OperatorPlace />;
    case 'join':
      return null;
  }
}

function Overlays() {
  const { overlay } = useApp();
  const open = useStore(overlay);
  const close = (): void => overlay.set('none');
  return (
    <Suspense fallback={null}>
      {open === 'palette' && <Palette onClose={close} />}
      {open === 'keyboard' && <KeyboardSheet onClose={close} />}
      {open === 'create-channel' && <CreateChannel onClose={close} />}
      {open === 'invite' && <InviteDialog onClose={close} />}
    </Suspense>
  );
}

/** The window's title: how many are unread, and the event. */
function useTitle(): void {
  const { client } = useApp();
  const unread = useStore(client.conversations).items.reduce((sum, s) => sum + (s.muted ? 0 : s.unread), 0);
  const title = useEvent()?.title ?? 'Konferenco';
  useEffect(() => {
    document.title = unread > 0 ? `(${unread}) ${title}` : title;
  }, [unread, title]);
}

/** After moving to another place, focus goes to its heading, so that screen readers and keyboards start there. */
function useHeadingFocus(route: Route): void {
  const before = useRef(hrefOf(route));
  const place = route.name === 'talk' ? hrefOf(talk(route.log, route.panel)) : hrefOf(route);
  useEffect(() => {
    if (before.current === place) return;
    before.current = place;
    const visible = [...document.querySelectorAll<HTMLElement>('[data-heading]')].filter((h) => h.checkVisibility());
    const keptByList =
      document.activeElement?.closest('[data-item]') && window.matchMedia('(min-width: 1000px)').matches;
    if (!keptByList) visible.at(-1)?.focus({ preventScroll: true });
  }, [place]);
}
