import { useCallback, useEffect, useMemo, useRef, useSyncExternalStore } from 'react';
import type { ClientEvents, ConversationList, Link, PresenceView } from '../types.ts';
import { useClient } from './context.ts';

type Person = ClientEvents['me'];
type Status = ReturnType<PresenceView['status']>;

/** State of the link; renders again when it changes. */
export function useLink(): Link {
  const client = useClient();
  // The client makes a new object at every reading; the last one told stays the same until the next change.
  const last = useRef<Link>(client.link);
  const subscribe = useCallback(
    (changed: () => void) =>
      client.on('link', (link) => {
        last.current = link;
        changed();
      }),
    [client],
  );
  const read = useCallback(() => {
    if (JSON.stringify(last.current) !== JSON.stringify(client.link)) last.current = client.link;
    return last.current;
  }, [client]);
  return useSyncExternalStore(subscribe, read, read);
}

/** Who is signed in; `null`: nobody. */
export function useMe(): Person {
  const client = useClient();
  const subscribe = useCallback((changed: () => void) => client.on('me', changed), [client]);
  const read = useCallback(() => client.me, [client]);
  return useSyncExternalStore(subscribe, read, read);
}

/** Number of messages waiting in the outbox. */
export function useWaiting(): number {
  const client = useClient();
  const subscribe = useCallback((changed: () => void) => client.on('waiting', changed), [client]);
  const read = useCallback(() => client.waiting, [client]);
  return useSyncExternalStore(subscribe, read, read);
}

/** Calls `fn` on every such event while the component is shown; the newest `fn` is called. */
export function useClientEvent<E extends keyof ClientEvents>(event: E, fn: (value: ClientEvents[E]) => void): void {
  const client = useClient();
  const latest = useRef(fn);
  useEffect(() => {
    latest.current = fn;
  });
  useEffect(() => client.on(event, (value) => latest.current(value)), [client, event]);
}

/** My conversation list. The client refreshes it after each connect and whenever the server says that it changed. */
export function useConversations(): ReturnType<ConversationList['state']> {
  const { conversations } = useClient();
  const subscribe = useCallback((changed: () => void) => conversations.subscribe(changed), [conversations]);
  const read = useCallback(() => conversations.state(), [conversations]);
  return useSyncExternalStore(subscribe, read, read);
}

/** Last known status of a person. What is watched is set with `client.presence.watch`. */
export function usePresence(user: string): Status {
  const { presence } = useClient();
  const subscribe = useCallback((changed: () => void) => presence.subscribe(changed), [presence]);
  const read = useCallback(() => presence.status(user), [presence, user]);
  return useSyncExternalStore(subscribe, read, read);
}

/** People in a watched channel right now; `null` before the first word. */
export function usePresenceCount(channel: string): number | null {
  const { presence } = useClient();
  const subscribe = useCallback((changed: () => void) => presence.subscribe(changed), [presence]);
  const read = useCallback(() => presence.count(channel), [presence, channel]);
  return useSyncExternalStore(subscribe, read, read);
}

/** Watches these people and channels while the component is shown. Only one component may do so at a time: it replaces what was watched. */
export function useWatch(what: { readonly channels?: readonly string[]; readonly users?: readonly string[] }): void {
  const { presence } = useClient();
  const key = JSON.stringify(what);
  const stable = useMemo<typeof what>(() => JSON.parse(key), [key]);
  useEffect(() => {
    presence.watch(stable);
    return () => presence.watch({});
  }, [presence, stable]);
}
