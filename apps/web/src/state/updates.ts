import { type FromWorker, OUTBOX_SYNC, type ToWorker } from '../service-worker/build.ts';
import { createStore, type PlainStore } from './store.ts';
import { holdVersion } from './version.ts';

/** Whether a newer version of the application can be shown. */
export type UpdateState = 'current' | 'ready';

/** The application's files on this device, and their newer version. */
export interface Updates {
  readonly state: PlainStore<UpdateState>['state'];
  readonly subscribe: PlainStore<UpdateState>['subscribe'];
  /** Shows the new version. */
  apply(): void;
  /** Asks the server whether there is one; at most every half hour. */
  check(): void;
  /** Asks the browser to see to what waits once there is a network, by the page or without it, as far as it can. */
  wakeWhenOnline(): void;
}

const SCRIPT = '/service-worker.js';
const CHECK_EVERY_MS = 30 * 60_000;
/** The least time between two periodic wake-ups; browsers make it longer for applications that are rarely used. */
const PERIOD_MS = 60 * 60_000;

/** Where there is no service worker: nothing is kept and nothing is updated. */
export const noUpdates: Updates = {
  state: () => 'current',
  subscribe: () => () => {},
  apply: () => {},
  check: () => {},
  wakeWhenOnline: () => {},
};

export interface UpdatesOptions {
  readonly window: Window;
  /** The browser says that there is a network again. */
  readonly wake: () => void;
  /** The browser refused: the page works, but does not open without a network. */
  readonly onFault: (error: unknown) => void;
  readonly now: () => number;
}

/** Registers the service worker and follows its versions. Lives as long as the page. */
export function createUpdates({ window, wake, onFault, now }: UpdatesOptions): Updates {
  const container = window.navigator.serviceWorker as ServiceWorkerContainer | undefined;
  if (!container) return noUpdates;
  const store = createStore<UpdateState>('current');
  let registration: ServiceWorkerRegistration | null = null;
  let checked = now();
  let wanted = false;
  let controlled = container.controller !== null;

  const tell = (worker: ServiceWorker | null, message: ToWorker): void => worker?.postMessage(message);
  const look = (): void => {
    if (registration?.waiting && container.controller) store.set('ready');
  };
  const follow = (found: ServiceWorkerRegistration): void => {
    registration = found;
    look();
    found.addEventListener('updatefound', () => found.installing?.addEventListener('statechange', look));
  };
  container.addEventListener('controllerchange', () => {
    if (wanted) return window.location.reload();
    // The first version of all takes this page on; a later one was asked for in another tab.
    if (controlled) store.set('ready');
    controlled = true;
  });
  container.addEventListener('message', (event: MessageEvent<FromWorker>) => {
    if (event.data.kind === 'wake') wake();
  });
  holdVersion(window);
  container
    .register(SCRIPT, { updateViaCache: 'none' })
    .then((found) => {
      follow(found);
      tell(found.active, { kind: 'prune' });
    })
    .catch(onFault);

  return {
    state: store.state,
    subscribe: store.subscribe,
    apply() {
      wanted = true;
      if (registration?.waiting) tell(registration.waiting, { kind: 'take_over' });
      else window.location.reload();
    },
    check() {
      if (now() - checked < CHECK_EVERY_MS) return;
      checked = now();
      // Without a network there is nothing to find; the next check comes.
      registration?.update().catch(() => {});
    },
    wakeWhenOnline() {
      const { sync, periodicSync } = (registration ?? {}) as Partial<SyncRegistration>;
      // Refused without permission: the page then sends as soon as it is shown again.
      sync?.register(OUTBOX_SYNC).catch(() => {});
      // For installed applications, and for the day on which the browser has given up the other. The worker ends it.
      periodicSync?.register(OUTBOX_SYNC, { minInterval: PERIOD_MS }).catch(() => {});
    },
  };
}

/** Background Sync and its periodic kind, which TypeScript does not describe and not every browser has. */
interface SyncRegistration extends ServiceWorkerRegistration {
  readonly sync?: { register(tag: string): Promise<void> };
  readonly periodicSync?: { register(tag: string, options: { readonly minInterval: number }): Promise<void> };
}
