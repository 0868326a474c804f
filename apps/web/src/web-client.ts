import {
  type Client,
  createClient,
  openLocalStore,
  outboxOnStore,
  persistStorage,
  type StoreNotice,
  type Tokens,
  type TokenStore,
} from '@konferenco/client';
import { indexedDbBackend } from '@konferenco/client/indexeddb';
import { browserTabs } from '@konferenco/client/tabs';
import { createAccountStore } from './state/account-store.ts';
import { createDevice, type Device, type DeviceNotice } from './state/device.ts';
import { keptAtMost, readJson } from './state/preferences.ts';
import { createStore } from './state/store.ts';

const TOKENS = 'konferenco.tokens';

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
    tokens: localTokens(window.localStorage, (tokens) => account.use(tokens?.user.id ?? null)),
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

/**
 * Keeps the sign-in in this browser, and tells whose it is. Other scripts of the same origin could read it; the page's
 * CSP lets none in.
 */
function localTokens(storage: Storage, whose: (tokens: Tokens | null) => void): TokenStore {
  return {
    async load() {
      const tokens = readJson<Tokens>(storage, TOKENS);
      if (tokens !== null) whose(tokens);
      return tokens;
    },
    async save(tokens) {
      if (tokens === null) storage.removeItem(TOKENS);
      else {
        storage.setItem(TOKENS, JSON.stringify(tokens));
        whose(tokens);
      }
    },
  };
}
