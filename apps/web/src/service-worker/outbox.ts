import { indexedDbTokens, indexedDbWaiting, sendWaiting, type WakeEnd, webLocks } from '@konferenco/client/background';

/** Sends what the signed-in person's outbox on this device holds; see `sendWaiting`. */
export async function sendOutbox(url: string, locks: LockManager | undefined): Promise<WakeEnd> {
  const tokens = indexedDbTokens(url);
  // Without locks nobody can know whether a page is open, nor keep a refresh token from being used twice.
  if (tokens === null || !locks) return 'done';
  return sendWaiting({
    url,
    tokens,
    outbox: (user) => indexedDbWaiting({ url, user }),
    locks: webLocks(locks),
    environment: {
      now: () => Date.now(),
      after(ms, fn) {
        const timer = setTimeout(fn, ms);
        return () => clearTimeout(timer);
      },
      random: () => Math.random(),
      fetch: (address, init) => fetch(address, { ...init, cache: 'no-store', credentials: 'omit' }),
      exclusively: (name, fn) => locks.request(name, fn) as ReturnType<typeof fn>,
    },
  });
}
