import { type PlainStore, createStore } from './state/store.ts';

/** What stands beside a conversation. */
export type Panel = { readonly kind: 'thread'; readonly root: string } | { readonly kind: 'about' };

/** Pages below Me. */
export type MeSection = 'reports' | 'device';
const ME_SECTIONS: readonly string[] = ['reports', 'device'] satisfies readonly MeSection[];

/** Every place of the application. `null`: nothing chosen there yet. */
export type Route =
  | { readonly name: 'join'; readonly code: string | null }
  | {
      readonly name: 'talk';
      readonly log: string | null;
      readonly panel: Panel | null;
      readonly message: string | null;
    }
  /** `mine`: only what the person marked, goes to or agreed. */
  | { readonly name: 'programme'; readonly session: string | null; readonly mine: boolean }
  | { readonly name: 'meeting'; readonly meeting: string }
  | { readonly name: 'people'; readonly user: string | null }
  | { readonly name: 'me'; readonly section: MeSection | null }
  /** Of the system, for those who run it. */
  | { readonly name: 'operator' }
  | { readonly name: 'search'; readonly query: string };

export const talk = (log: string | null, panel: Panel | null = null, message: string | null = null): Route => ({
  name: 'talk',
  log,
  panel,
  message,
});

export const programme = (session: string | null = null, mine = false): Route => ({ name: 'programme', session, mine });

/** Reads an address (path and query). An unknown path leads to Talk. */
export function parseRoute(address: string): Route {
  const url = new URL(address, 'http://host');
  const [place, first, second, third] = url.pathname.split('/').filter(Boolean).map(decode);
  switch (place) {
    case 'join':
      return { name: 'join', code: first ?? null };
    case 'programme':
      return programme(first ?? null, url.searchParams.has('mine'));
    case 'meetings':
      return first ? { name: 'meeting', meeting: first } : programme(null, true);
    case 'people':
      return { name: 'people', user: first ?? null };
    case 'me':
      return { name: 'me', section: ME_SECTIONS.includes(first ?? '') ? (first as MeSection) : null };
    case 'operator':
      return { name: 'operator' };
    case 'search':
      return { name: 'search', query: url.searchParams.get('q') ?? '' };
    default: {
      if (place !== 'talk' || !first) return talk(null);
      const panel: Panel | null =
        second === 'thread' && third ? { kind: 'thread', root: third } : second === 'about' ? { kind: 'about' } : null;
      return talk(first, panel, url.searchParams.get('m'));
    }
  }
}

/** The address of a route; {@link parseRoute} reads it back. */
export function hrefOf(route: Route): string {
  switch (route.name) {
    case 'join':
      return path('join', route.code);
    case 'programme':
      return path('programme', route.session) + (route.mine ? '?mine' : '');
    case 'meeting':
      return path('meetings', route.meeting);
    case 'people':
      return path('people', route.user);
    case 'me':
      return path('me', route.section);
    case 'operator':
      return '/operator';
    case 'search':
      return `/search?q=${encodeURIComponent(route.query)}`;
    case 'talk': {
      if (!route.log) return '/talk';
      const panel = route.panel?.kind === 'thread' ? ['thread', route.panel.root] : route.panel ? ['about'] : [];
      return path('talk', route.log, ...panel) + (route.message ? `?m=${encodeURIComponent(route.message)}` : '');
    }
  }
}

function path(...parts: readonly (string | null)[]): string {
  return `/${parts
    .filter((p) => p !== null)
    .map((p) => encodeURIComponent(p).replaceAll('%3A', ':'))
    .join('/')}`;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export interface Navigator extends Pick<PlainStore<Route>, 'state' | 'subscribe'> {
  go(route: Route, options?: { readonly replace?: boolean }): void;
  /** Goes to where this place was opened from: back in the history when that is where one came from, so that it does not grow. */
  up(route: Route): void;
}

/** Keeps the route and the browser's history the same. Lives as long as the page. */
export function createNavigator(window: Window): Navigator {
  const here = () => parseRoute(window.location.pathname + window.location.search);
  const store = createStore<Route>(here());
  window.addEventListener('popstate', () => store.set(here()));
  return {
    state: store.state,
    subscribe: store.subscribe,
    go(route, options = {}) {
      const href = hrefOf(route);
      if (href === window.location.pathname + window.location.search) return;
      if (options.replace) window.history.replaceState(window.history.state, '', href);
      else window.history.pushState({ from: window.location.pathname }, '', href);
      store.set(route);
    },
    up(route) {
      const from = (window.history.state as { readonly from?: string } | null)?.from;
      if (from === hrefOf(route)) window.history.back();
      else this.go(route, { replace: true });
    },
  };
}
