import { CLOSE_CODES } from '@konferenco/client';
import { createNavigator } from '../router.ts';
import type { Locale } from '../i18n/locale.ts';
import { createAnnouncer } from './announcer.ts';
import type { App, Overlay } from './app.ts';
import { createClock } from './clock.ts';
import { createDirectory } from './directory.ts';
import { createDrafts, forgetDrafts } from './drafts.ts';
import { createPreferences } from './preferences.ts';
import { createScrollMemories } from './scroll-memory.ts';
import { createSharing } from './sharing.ts';
import { createStore } from './store.ts';
import { createVenue } from './venue.ts';

/** What an application is built around. */
export interface AppParts extends Pick<App, 'client' | 'device' | 'files' | 'updates' | 'install'> {
  readonly window: Window;
  /** Unix milliseconds. */
  readonly now?: () => number;
}

/** Builds everything a page needs around a client. */
export function createApp({ client, device, files, updates, install, window, now = Date.now }: AppParts): App {
  const storage = window.localStorage;
  const preferences = createPreferences(storage, window.navigator.languages);
  const venue = createVenue(client, storage, preferences);
  const directory = createDirectory(client);
  const navigator = createNavigator(window);
  const sharing = sharingOn(window, client, now);
  const session = createStore<'starting' | 'out' | 'in'>('starting');
  const announcer = createAnnouncer({
    after(ms, fn) {
      const timer = setTimeout(fn, ms);
      return () => clearTimeout(timer);
    },
  });

  const locale = createStore<Locale | null>(null);
  const complain = (error: unknown): void => {
    // The link line says that there is no connection, and what was asked for is asked again with the next one.
    if (isForWantOfConnection(error)) return;
    announcer.show(locale.state()?.why(error) ?? String(error), { harm: true });
  };

  const leave = (): void => {
    sharing.end();
    files.end('keep').catch(complain);
    venue.forget();
    forgetDrafts(storage);
    session.set('out');
    navigator.go({ name: 'join', code: null }, { replace: true });
  };
  const startSession = (): void => {
    if (client.me) directory.learn([client.me]);
    session.set('in');
    // The link line shows how the connection fares; it comes back by itself.
    client.connect().catch(complain);
    client.conversations.refresh().catch(complain);
    void venue.refresh();
    files.begin();
    sharing.begin();
  };
  learnNames(client, directory);
  // What was shown as done was not: what the server has is shown again.
  client.on('conflict', ({ kind }) => {
    if (kind === 'refused' || kind === 'overridden') void venue.me.refresh();
  });
  let wasAway = false;
  client.on('link', (link) => {
    if (link.kind === 'online' && wasAway) void venue.refresh();
    if (link.kind === 'online') updates.check();
    wasAway = link.kind !== 'online';
    if (link.kind === 'signed_out' && session.state() === 'in') {
      complain({ error: link.code === CLOSE_CODES.banned.code ? 'banned' : 'signed_out', message: link.reason });
      leave();
    }
  });

  sendWithoutPage(client, updates, window.document);

  return {
    client,
    device,
    files,
    sharing,
    updates,
    install,
    navigator,
    preferences,
    directory,
    venue,
    drafts: createDrafts(storage),
    announcer,
    clock: createClock(now),
    places: createScrollMemories(),
    locale,
    overlay: createStore<Overlay>('none'),
    session,
    startSession,
    async restoreSession() {
      const user = await client.restore();
      if (user === null) session.set('out');
      else startSession();
    },
    async endSession() {
      sharing.end();
      // Before nobody is signed in any more: what is removed is theirs.
      await files.end('forget').catch(complain);
      try {
        await client.signOut();
      } catch (error) {
        // Signed out here in any case; the server's side ends when the token does.
        complain(error);
      }
      leave();
    },
  };
}

function sharingOn(window: Window, client: App['client'], now: () => number): App['sharing'] {
  return createSharing({
    ...{ client, now, storage: window.localStorage },
    onStorage: (fn) => window.addEventListener('storage', ({ key }) => fn(key)),
    load: async () => (await import('@konferenco/client/positions')).openPositionSender({ client }),
  });
}

/** Names that this device keeps are known without a network; those of conversations come with their list. */
function learnNames(client: App['client'], directory: App['directory']): void {
  const learnKept = (): void => directory.learn(client.people.all());
  learnKept();
  client.people.subscribe(learnKept);
  void client.ready.then(learnKept);
  client.conversations.subscribe(() => {
    directory.learn(client.conversations.state().items.flatMap((s) => (s.peer ? [s.peer] : [])));
  });
}

/** Has what waits sent when there is a network again, also if no page is open by then. */
function sendWithoutPage(client: App['client'], updates: App['updates'], document: Document): void {
  // Only without a network: with one the browser would wake the page at once, and again after every failed try.
  const wakeWhenOnline = (): void => {
    if (client.waiting > 0 && client.link.kind === 'offline') updates.wakeWhenOnline();
  };
  client.on('waiting', wakeWhenOnline);
  client.on('link', wakeWhenOnline);
  // Where there is a network that carries nothing no browser knows of it: once for each time the page is left.
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden' && client.waiting > 0) updates.wakeWhenOnline();
  });
}

const UNREACHABLE: readonly unknown[] = ['network', 'timeout', 'disconnected'];

function isForWantOfConnection(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'error' in error && UNREACHABLE.includes(error.error);
}
