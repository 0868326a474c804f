import type { Tokens } from '@konferenco/protocol';
import type { OutboxEntry, OutboxStore, TokenStore } from '../types.ts';

/** An outbox that lasts as long as the program. */
export function memoryOutbox(): OutboxStore {
  const entries = new Map<string, OutboxEntry>();
  return {
    load: () => Promise.resolve([...entries.values()]),
    put: (entry) => {
      entries.set(entry.id, entry);
      return Promise.resolve();
    },
    delete: (id) => {
      entries.delete(id);
      return Promise.resolve();
    },
  };
}

/** Credentials that last as long as the program. */
export function memoryTokens(): TokenStore {
  let kept: Tokens | null = null;
  return {
    load: () => Promise.resolve(kept),
    save: (tokens) => {
      kept = tokens;
      return Promise.resolve();
    },
  };
}
