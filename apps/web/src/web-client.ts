import { type Client, createClient } from '@konferenco/client';
import { indexedDbTokens } from '@konferenco/client/background';
import { openLocalStore, outboxOnStore, persistStorage, type StoreNotice } from '@konferenco/client/storage';
import { indexedDbBackend } from '@konferenco/client/indexeddb';
import { browserTabs } from '@konferenco/client/tabs';
import { createAccountStore } from './state/account-store.ts';
import { createDevice, type Device, type DeviceNotice } from './state/device.ts';
import { keptAtMost } from './state/preferences.ts';
import { createSignIn } from './state/sign-in.ts';
import { createFiles, type Files } from './state/files.ts';
import { createStore } from './state/store.ts';
import { isKnown } from './state/venue.ts';
import { isOtherVersionOpen } from './state/version.ts';

export interface WebClient {
  readonly client: Client;
  readonly device: Device;
  readonly files: Files;
}

/** The client of the server that this page came from: signed in across reloads, with everything it knows on disk. */
export function createWebClient(window: Window & typeof globalThis, onFault: (error: unknown) => void): WebClient {
  const url = window.location.origin;
  const backend = indexedDbBackend();
  const notice = createStore<DeviceNotice | null>(null);
  let found: DeviceNotice | null = null;
  const account = createAccountStore({
    kind: backend === null ? 'memory' : 'durable',
    open: (user) => openLocalStore({ url, user, backend }),
    onNotice: (told) => notice.set(told === null ? found : noticeOf(told)),
    onFault,
  });
  const signIn = createSignIn({
    kept: indexedDbTokens(url),
    storage: window.localStorage,
    isOtherVersionOpen: () => isOtherVersionOpen(window),
    onFault,
    isKnown: () => isKnown(window.localStorage),
    async onLost() {
      // A browser removes databases that are damaged, or when it needs room, and tells nobody.
      if ((await namesOf(backend, onFault))?.length === 0) found = { kind: 'recovered', saved: 0, lost: null };
    },
    whose: ({ user }) => account.use(user.id),
  });
  const client = createClient({
    url,
    tokens: signIn,
    store: account.store,
    // In memory the client's own, smaller bounds hold.
    ...(backend === null ? {} : { keep: { entries: keptAtMost(window.localStorage) } }),
    tabs: browserTabs(),
    program: 'konferenco-web',
  });
  // Reads only: what is damaged is told and mended by the client's own outbox over the same store.
  const outbox = outboxOnStore({ store: account.store, lost: () => {} });
  const device = createDevice(client, { notice, outbox: outbox.load, persist: () => persistStorage() });
  const load = async (user: string) => {
    const { indexedDbFileStore, openAttachments } = await import('@konferenco/client/attachments');
    return openAttachments({ client, files: await indexedDbFileStore({ url, user }) });
  };
  return { client, device, files: createFiles({ client, load, onFault }) };
}

/** Names of the stores in this browser; `null`: it does not tell. */
async function namesOf(
  backend: ReturnType<typeof indexedDbBackend>,
  onFault: (error: unknown) => void,
): Promise<readonly string[] | null> {
  try {
    return (await backend?.names()) ?? null;
  } catch (error) {
    onFault(error);
    return null;
  }
}

function noticeOf(notice: StoreNotice): DeviceNotice {
  return notice.kind === 'recovered'
    ? { kind: 'recovered', saved: notice.saved, lost: notice.lost }
    : { kind: notice.kind };
}
