/** The parts of a service worker's global scope that are used here; TypeScript's own description excludes the page's. */
export interface WorkerScope {
  readonly location: { readonly origin: string };
  readonly navigator: { readonly locks?: LockManager };
  readonly registration: { readonly periodicSync?: { unregister(tag: string): Promise<void> } };
  readonly clients: {
    matchAll(options: { type: 'window'; includeUncontrolled?: boolean }): Promise<readonly WindowPeer[]>;
    claim(): Promise<void>;
  };
  skipWaiting(): Promise<void>;
  addEventListener(type: 'install' | 'activate', fn: (event: Lasting) => void): void;
  addEventListener(type: 'fetch', fn: (event: FetchLike) => void): void;
  addEventListener(type: 'message', fn: (event: Lasting & { readonly data: unknown }) => void): void;
  addEventListener(type: 'sync' | 'periodicsync', fn: (event: Lasting & { readonly tag: string }) => void): void;
}

/** An open page. */
export interface WindowPeer {
  postMessage(message: unknown): void;
}

/** An event that keeps the worker alive until `work` is done. */
export interface Lasting {
  waitUntil(work: Promise<unknown>): void;
}

interface FetchLike extends Lasting {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}
