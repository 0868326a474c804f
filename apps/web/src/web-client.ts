import { type Client, createClient, type Tokens, type TokenStore } from '@konferenco/client';
import { indexedDbOutbox } from './state/indexeddb-outbox.ts';
import { readJson } from './state/preferences.ts';

const TOKENS = 'konferenco.tokens';

/** The client of the server that this page came from: signed in across reloads, with an outbox on disk. */
export function createWebClient(window: Window & typeof globalThis): Client {
  return createClient({
    url: window.location.origin,
    tokens: localTokens(window.localStorage),
    outbox: indexedDbOutbox(window.indexedDB),
    program: 'konferenco-web',
  });
}

/** Keeps the sign-in in this browser. Other scripts of the same origin could read it; the page's CSP lets none in. */
function localTokens(storage: Storage): TokenStore {
  return {
    load: async () => readJson<Tokens>(storage, TOKENS),
    async save(tokens) {
      if (tokens === null) storage.removeItem(TOKENS);
      else storage.setItem(TOKENS, JSON.stringify(tokens));
    },
  };
}
