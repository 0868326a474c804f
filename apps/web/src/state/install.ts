import { createStore, type PlainStore } from './store.ts';

/** The browser's offer to install the application. */
export interface Install {
  /** Whether it offers that now. */
  readonly state: PlainStore<boolean>['state'];
  readonly subscribe: PlainStore<boolean>['subscribe'];
  /** Shows the browser's own question. */
  ask(): Promise<void>;
}

/** What Chromium sends before it would offer to install; other browsers have their own menus. */
interface InstallOffer extends Event {
  prompt(): Promise<unknown>;
}

/** Keeps the browser's offer until the person asks for it: a page that opens with a question is in the way. */
export function createInstall(window: Window): Install {
  const store = createStore(false);
  let offer: InstallOffer | null = null;
  window.addEventListener('beforeinstallprompt', (event) => {
    event.preventDefault();
    offer = event as InstallOffer;
    store.set(true);
  });
  window.addEventListener('appinstalled', () => store.set(false));
  return {
    state: store.state,
    subscribe: store.subscribe,
    async ask() {
      const question = offer;
      // A second answer to the same offer is not possible.
      offer = null;
      store.set(false);
      await question?.prompt();
    },
  };
}
