import type { Member, SearchHit } from '@konferenco/client';
import { useEffect, useState } from 'react';
import { useApp, useEvent } from '../../state/app.ts';

export interface SearchState {
  readonly hits: readonly SearchHit[];
  readonly people: readonly Member[];
  readonly loading: boolean;
  readonly error: unknown;
  /** Fetches the next page of messages; `null` at the end. */
  readonly more: (() => void) | null;
}

interface Found {
  readonly hits: readonly SearchHit[];
  readonly people: readonly Member[];
  readonly next?: string | undefined;
}

const NOTHING: Found = { hits: [], people: [] };
const WAIT_MS = 200;

/** Messages and people that match, as one types; an answer to an earlier query is dropped. */
export function useSearch(query: string, limit: number): SearchState {
  const { client, directory } = useApp();
  const [found, setFound] = useState<Found>(NOTHING);
  const [loading, setLoading] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const q = query.trim();
  const event = useEvent()?.id;
  useEffect(() => {
    setError(null);
    if (q === '') {
      setLoading(false);
      return setFound(NOTHING);
    }
    const abort = new AbortController();
    setLoading(true);
    const run = async (): Promise<void> => {
      const { signal } = abort;
      try {
        const [page, members] = await Promise.all([
          client.rest('search', { query: { q, limit }, signal }),
          event === undefined
            ? { items: [] }
            : client.rest('members', { params: { event }, query: { q, limit: 5 }, signal }),
        ]);
        directory.learn(members.items.map((m) => m.user));
        if (!signal.aborted) setFound({ hits: page.items, people: members.items, next: page.next });
      } catch (caught) {
        if (!signal.aborted) setError(caught);
      }
      if (!signal.aborted) setLoading(false);
    };
    const timer = setTimeout(() => void run(), WAIT_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [client, directory, q, limit, event]);

  const { next } = found;
  const more = (): void => {
    client.rest('search', { query: { q, limit, ...(next ? { after: next } : {}) } }).then(
      (page) => setFound((before) => ({ ...before, hits: [...before.hits, ...page.items], next: page.next })),
      (caught: unknown) => setError(caught),
    );
  };
  return { hits: found.hits, people: found.people, loading, error, more: next ? more : null };
}
