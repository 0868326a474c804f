import { type FromWorker, HASH_BYTES, OUTBOX_SYNC, PAGE_LOCK, type ShellBuild, type ToWorker } from './build.ts';
import { sendOutbox } from './outbox.ts';
import type { WorkerScope } from './scope.ts';
import { createShellCache } from './shell-cache.ts';
import { wake } from './wake.ts';

/** Written here by the build. */
declare const SHELL_BUILD: ShellBuild;

const scope = self as unknown as WorkerScope;
const shell = createShellCache({
  build: SHELL_BUILD,
  caches,
  fetch: (request) => fetch(request),
  origin: scope.location.origin,
  hash: async (content) =>
    btoa(String.fromCharCode(...new Uint8Array(await crypto.subtle.digest('SHA-256', content), 0, HASH_BYTES))),
  versionsInUse,
});

// A new version waits until no page shows the old one, or until the person asks for it.
scope.addEventListener('install', (event) => event.waitUntil(shell.install()));
scope.addEventListener('activate', (event) => event.waitUntil(shell.prune().then(() => scope.clients.claim())));
scope.addEventListener('fetch', (event) => {
  const answer = shell.respond(event.request);
  if (answer) event.respondWith(answer);
});
scope.addEventListener('message', (event) => {
  const message = event.data as ToWorker;
  switch (message.kind) {
    case 'take_over':
      return event.waitUntil(scope.skipWaiting());
    case 'prune':
      return event.waitUntil(shell.prune());
  }
});
scope.addEventListener('sync', (event) => {
  if (event.tag === OUTBOX_SYNC) event.waitUntil(seeToOutbox());
});
scope.addEventListener('periodicsync', (event) => {
  if (event.tag !== OUTBOX_SYNC) return;
  // Once nothing waits there is nothing to come back for, until a page asks again.
  event.waitUntil(seeToOutbox().then(() => scope.registration.periodicSync?.unregister(OUTBOX_SYNC)));
});

function seeToOutbox(): Promise<void> {
  return wake({
    wakePages,
    send: () => sendOutbox(scope.location.origin, scope.navigator.locks),
    pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  });
}

async function wakePages(): Promise<void> {
  const message: FromWorker = { kind: 'wake' };
  for (const page of await scope.clients.matchAll({ type: 'window', includeUncontrolled: true }))
    page.postMessage(message);
}

/** Versions whose pages hold their lock. Without locks, none: pages then fetch what they miss. */
async function versionsInUse(): Promise<ReadonlySet<string>> {
  const held = (await scope.navigator.locks?.query())?.held ?? [];
  const names = held.map((lock) => lock.name ?? '').filter((name) => name.startsWith(PAGE_LOCK));
  return new Set(names.map((name) => name.slice(PAGE_LOCK.length)));
}
