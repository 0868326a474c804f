import type { Client, EventInfo } from '@konferenco/client';
import { createContext, useContext, useEffect, useSyncExternalStore } from 'react';
import type { Locale } from '../i18n/locale.ts';
import type { Navigator, Route } from '../router.ts';
import type { Announcer } from './announcer.ts';
import type { Clock } from './clock.ts';
import type { Device } from './device.ts';
import type { Directory } from './directory.ts';
import type { Drafts } from './drafts.ts';
import type { Files } from './files.ts';
import type { Install } from './install.ts';
import type { Preferences } from './preferences.ts';
import type { ScrollMemory } from './scroll-memory.ts';
import type { Sharing } from './sharing.ts';
import type { PlainStore } from './store.ts';
import type { Updates } from './updates.ts';
import type { Venue } from './venue.ts';

/** Everything a screen may use, built once in `main.tsx`. */
export interface App {
  readonly client: Client;
  readonly navigator: Navigator;
  readonly preferences: PlainStore<Preferences>;
  readonly directory: Directory;
  readonly venue: Venue;
  readonly drafts: Drafts;
  readonly announcer: Announcer;
  readonly clock: Clock;
  /** What this device keeps. */
  readonly device: Device;
  /** Files in messages. */
  readonly files: Files;
  /** Where this device is, sent while its person wants that. */
  readonly sharing: Sharing;
  /** Newer versions of the application, and the browser's offer to install it. */
  readonly updates: Updates;
  readonly install: Install;
  /** Where each conversation's list stood when it was left. */
  readonly places: (log: string) => ScrollMemory;
  /** The language in use, for words that are said outside a screen. */
  readonly locale: PlainStore<Locale | null>;
  /** Which overlay is open above everything else. */
  readonly overlay: PlainStore<Overlay>;
  /** Whether somebody is signed in. */
  readonly session: Pick<PlainStore<'starting' | 'out' | 'in'>, 'state' | 'subscribe'>;
  /** After signing in: connects and loads what the first screen shows. */
  readonly startSession: () => void;
  /** At the start of the page: takes up a kept sign-in. */
  readonly restoreSession: () => Promise<void>;
  /** Signs out and removes what this device kept. */
  readonly endSession: () => Promise<void>;
}

export type Overlay = 'none' | 'palette' | 'keyboard' | 'create-channel' | 'invite';

export const AppContext = createContext<App | null>(null);
export const LocaleContext = createContext<Locale | null>(null);

export function useApp(): App {
  const app = useContext(AppContext);
  if (app === null) throw new Error('useApp needs an AppContext above it');
  return app;
}

export function useLocale(): Locale {
  const locale = useContext(LocaleContext);
  if (locale === null) throw new Error('useLocale needs a LocaleContext above it');
  return locale;
}

/** The present state of anything with `state` and `subscribe`; renders again when it changes. */
export function useStore<T>(store: { state(): T; subscribe(fn: () => void): () => void }): T {
  return useSyncExternalStore(
    (fn) => store.subscribe(fn),
    () => store.state(),
  );
}

export function useRoute(): Route {
  return useStore(useApp().navigator);
}

/** The event that is shown; renders again when that changes. */
export function useEvent(): EventInfo | null {
  const { venue, preferences } = useApp();
  useStore(venue.me);
  useStore(preferences);
  return venue.event();
}

/** The name of a user; the id until the profile is there. */
export function useName(id: string): string {
  const { directory } = useApp();
  const known = useStore(directory).get(id);
  useEffect(() => directory.want(id), [directory, id]);
  return known?.name ?? id;
}

/** Names of several users, in their order. */
export function useNames(ids: readonly string[]): readonly string[] {
  const { directory } = useApp();
  const known = useStore(directory);
  useEffect(() => {
    for (const id of ids) directory.want(id);
  }, [directory, ids]);
  return ids.map((id) => known.get(id)?.name ?? id);
}

/** Whom the person has blocked: as this device keeps it, or as the server said until that is there. */
export function useBlocked(): readonly string[] {
  const { client, venue } = useApp();
  const told = useStore(venue.me).value?.blocked ?? NOBODY;
  const kept = useStore(client.own).blocked;
  // Both belong to the person's own replicated state and become known together.
  const { ready } = useStore(client.meetings);
  return ready ? kept : told;
}
const NOBODY: readonly string[] = [];

/** Unix milliseconds, renewed every half minute. */
export function useNow(): number {
  return useStore(useApp().clock);
}
