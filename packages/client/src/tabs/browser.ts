import { tabSharing } from './tab-sharing.ts';
import type { TabChannel, TabSurroundings } from './surroundings.ts';
import type { TabHost, TabSharing } from './types.ts';
import { webLocks } from './web-locks.ts';

/**
 * For `createClient({ tabs: browserTabs() })`: the tabs of one person in one browser share one connection and one
 * outbox, by Web Locks and a BroadcastChannel. Where the browser has not both (old webviews, pages without HTTPS),
 * each tab has a connection of its own.
 */
export function browserTabs(): TabSharing {
  return tabSharing(browserSurroundings);
}

function browserSurroundings(environment: TabHost['environment']): TabSurroundings | null {
  const locks = globalThis.navigator?.locks as LockManager | undefined;
  if (!locks || typeof BroadcastChannel === 'undefined') return null;
  return { id: crypto.randomUUID(), locks: webLocks(locks), openChannel, page: { subscribe: watchPage }, environment };
}

function openChannel(name: string): TabChannel {
  const channel = new BroadcastChannel(name);
  const adapter: TabChannel = {
    post: (message) => channel.postMessage(message),
    onmessage: null,
    close: () => channel.close(),
  };
  channel.onmessage = ({ data }) => adapter.onmessage?.(data);
  return adapter;
}

/** A page kept for "back", or frozen, runs nothing: it must not hold what other tabs need. */
function watchPage(fn: (event: 'suspend' | 'resume') => void): () => void {
  const suspend = () => fn('suspend');
  const resume = () => fn('resume');
  const events: readonly [EventTarget | undefined, string, () => void][] = [
    [globalThis.window, 'pagehide', suspend],
    [globalThis.window, 'pageshow', resume],
    [globalThis.document, 'freeze', suspend],
    [globalThis.document, 'resume', resume],
  ];
  for (const [target, name, listener] of events) target?.addEventListener(name, listener);
  return () => {
    for (const [target, name, listener] of events) target?.removeEventListener(name, listener);
  };
}
