import { useCallback, useMemo, useSyncExternalStore } from 'react';
import type { Meetings, Own, Programme, SyncView } from '../sync/types.ts';
import { useClient } from './context.ts';

/** Something with a state that can be followed. */
interface Shown<State> {
  state(): State;
  subscribe(fn: () => void): () => void;
}

function useShown<State>(shown: Shown<State>): State {
  const subscribe = useCallback((changed: () => void) => shown.subscribe(changed), [shown]);
  const read = useCallback(() => shown.state(), [shown]);
  return useSyncExternalStore(subscribe, read, read);
}

/** An event's programme, kept up to date from now on, and what can be done in it. */
export function useProgramme(event: string): {
  readonly programme: Programme;
  readonly state: ReturnType<Programme['state']>;
} {
  const client = useClient();
  const programme = useMemo(() => client.programme(event), [client, event]);
  return { programme, state: useShown(programme) };
}

/** My meetings, and what can be done with them. */
export function useMeetings(): { readonly meetings: Meetings; readonly state: ReturnType<Meetings['state']> } {
  const { meetings } = useClient();
  return { meetings, state: useShown(meetings) };
}

/** My own sets and fields, and what changes them. */
export function useOwn(): { readonly own: Own; readonly state: ReturnType<Own['state']> } {
  const { own } = useClient();
  return { own, state: useShown(own) };
}

/** What of the replicated state is on this device, how fresh it is, and how much waits to be sent. */
export function useSync(): { readonly sync: SyncView; readonly state: ReturnType<SyncView['state']> } {
  const { sync } = useClient();
  return { sync, state: useShown(sync) };
}
