import { createContext, createElement, type ReactNode, useContext, useMemo } from 'react';
import type { Client, Conversation } from '../types.ts';

interface Shared {
  readonly client: Client;
  /** How many components show a conversation: it closes with the last. */
  readonly openings: Map<Conversation, number>;
}

const KonferencoContext = createContext<Shared | null>(null);

/** Gives the components below it the client their hooks use. */
export function KonferencoProvider({
  client,
  children,
}: {
  readonly client: Client;
  readonly children?: ReactNode;
}): ReactNode {
  const shared = useMemo<Shared>(() => ({ client, openings: new Map() }), [client]);
  return createElement(KonferencoContext.Provider, { value: shared }, children);
}

/** @throws {Error} outside a {@link KonferencoProvider} */
export function useShared(): Shared {
  const shared = useContext(KonferencoContext);
  if (!shared) throw new Error('Konferenco hooks work below a KonferencoProvider.');
  return shared;
}

/** The client of the provider above. */
export function useClient(): Client {
  return useShared().client;
}
