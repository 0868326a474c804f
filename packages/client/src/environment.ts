import { BROKEN_OFF } from './reconnect.ts';
import type { Environment, Socket } from './types.ts';

/** The platform's own: browsers, Bun, Node ≥ 22. */
export function defaultEnvironment(): Environment {
  return {
    now: () => Date.now(),
    after: (ms, fn) => {
      // A longer delay than 2³¹−1 ms would fire at once.
      const timer = setTimeout(fn, Math.min(ms, 0x7fffffff));
      return () => clearTimeout(timer);
    },
    random: () => Math.random(),
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    fetch: (input, init) => fetch(input, init),
    openSocket: openWebSocket,
    network: platformNetwork(),
    visible: () => globalThis.document?.visibilityState !== 'hidden',
    exclusively: (name, fn) =>
      globalThis.navigator?.locks ? (navigator.locks.request(name, fn) as ReturnType<typeof fn>) : fn(),
  };
}

function openWebSocket(url: string, protocol: string): Socket {
  const socket = new WebSocket(url, protocol);
  const adapter: Socket = {
    send: (text) => socket.send(text),
    close: (code, reason) => socket.close(code, reason),
    onopen: null,
    onmessage: null,
    onclose: null,
    get buffered() {
      return socket.bufferedAmount;
    },
  };
  socket.onopen = () => adapter.onopen?.();
  socket.onmessage = ({ data }) => adapter.onmessage?.(String(data));
  socket.onclose = ({ code, reason }) => adapter.onclose?.(code, code === 1006 ? BROKEN_OFF : reason);
  return adapter;
}

function platformNetwork(): Environment['network'] {
  const target = globalThis as Partial<Pick<Window, 'addEventListener' | 'removeEventListener' | 'document'>>;
  return {
    // Only a plain "no" counts: programs without an opinion leave it undefined.
    online: () => globalThis.navigator?.onLine !== false,
    subscribe: (fn) => {
      const events: readonly [EventTarget | undefined, string][] = [
        [target.addEventListener ? (globalThis as unknown as EventTarget) : undefined, 'online'],
        [target.addEventListener ? (globalThis as unknown as EventTarget) : undefined, 'offline'],
        // A phone that wakes up must not wait for a timer that stood still.
        [target.document, 'visibilitychange'],
      ];
      for (const [source, name] of events) source?.addEventListener(name, fn);
      return () => {
        for (const [source, name] of events) source?.removeEventListener(name, fn);
      };
    },
  };
}
