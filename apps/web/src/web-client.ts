import { type Client, createClient } from '@konferenco/client';
import { indexedDbTokens } from '@konferenco/client/background';
import { openLocalStore, outboxOnStore, persistStorage, type StoreNotice } from '@konferenco/client/storage';
import { indexedDbBackend } from '@konferenco/client/indexeddb';
import { browserTabs } from '@konferenco/client/tabs';
import { createAccountStore } from './state/account-store.ts';
import { createDevice, type Device, type DeviceNotice } from './state/device.ts';
import { keptAtMost } from './state/preferences.ts';
import { createSignIn } from './state/sign-in.ts';
import { createStore } from './state/store.ts';
import { isOtherVersionOpen } from './state/version.ts';

export interface WebClient {
  readonly client: Client;
  readonly device: Device;
}

/** The client of the server that this page came from: signed in across reloads, with everything it knows on disk. */
export function createWebClient(window: Window & typeof globalThis, onFault: (error: unknown) => void): WebClient {
  const url = window.location.origin;
  const backend = indexedDbBackend();
  const notice = createStore<DeviceNotice | null>(null);
  const account = createAccountStore({
    kind: backend === null ? 'memory' : 'durable',
    open: (user) => openLocalStore({ url, user, backend }),
    onNotice: (told) => notice.set(told === null ? null : noticeOf(told)),
    onFault,
  });
  const client = createClient({
    url,
    tokens: createSignIn({
      kept: indexedDbTokens(url),
      storage: window.localStorage,
      isOtherVersionOpen: () => isOtherVersionOpen(window),
      onFault,
      whose: ({ user }) => account.use(user.id),
    }),
    store: account.store,
    // In memory the client's own, smaller bounds hold.
    ...(backend === null ? {} : { keep: { entries: keptAtMost(window.localStorage) } }),
    tabs: browserTabs(),
    program: 'konferenco-web',
  });
  // Reads only: what is damaged is told and mended by the client's own outbox over the same store.
  const outbox = outboxOnStore({ store: account.store, lost: () => {} });
  const device = createDevice(client, { notice, outbox: outbox.load, persist: () => persistStorage() });
  return { client, device };
}

function noticeOf(notice: StoreNotice): DeviceNotice {
  return notice.kind === 'recovered'
    ? { kind: 'recovered', saved: notice.saved, lost: notice.lost }
    : { kind: notice.kind };
}
