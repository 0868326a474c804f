import type { User } from '@konferenco/client';
import { useEffect, useState } from 'react';
import { useApp, useEvent, useLocale } from '../../state/app.ts';
import { Avatar } from '../../ui/avatar.tsx';

export interface MentionCandidates {
  readonly open: boolean;
  readonly users: readonly User[];
  readonly active: number;
  /** Handles the keys of the open list; returns whether it did. */
  readonly onKey: (event: React.KeyboardEvent, choose: (index: number) => void) => boolean;
}

const SHOWN = 6;
const WAIT_MS = 120;

/** Members whose name begins with the query: known ones at once, the server's shortly after. `null` closes the list. */
export function useMentionCandidates(query: string | null): MentionCandidates {
  const { client, directory } = useApp();
  const [users, setUsers] = useState<readonly User[]>([]);
  const [active, setActive] = useState(0);
  const [dismissed, setDismissed] = useState<string | null>(null);
  const event = useEvent()?.id;

  useEffect(() => {
    setActive(0);
    if (query === null) return setUsers([]);
    const begins = (u: User): boolean => u.name.toLocaleLowerCase().startsWith(query.toLocaleLowerCase());
    const known = [...directory.state().values()].filter((u) => u.id !== client.me?.id && begins(u)).slice(0, SHOWN);
    setUsers(known);
    if (event === undefined) return;
    const abort = new AbortController();
    const timer = setTimeout(() => {
      client
        .rest('members', { params: { event }, query: { q: query, limit: SHOWN }, signal: abort.signal })
        .then(({ items }) => {
          const found = items.map((m) => m.user);
          directory.learn(found);
          const more = found.filter((u) => u.id !== client.me?.id && !known.some((k) => k.id === u.id));
          setUsers([...known, ...more].slice(0, SHOWN));
        })
        // Offline, those already known are still offered.
        .catch(() => {});
    }, WAIT_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [query, client, directory, event]);

  const open = query !== null && users.length > 0 && dismissed !== query;
  return {
    open,
    users,
    active,
    onKey(key, choose) {
      if (!open) return false;
      if (key.key === 'ArrowDown') setActive((active + 1) % users.length);
      else if (key.key === 'ArrowUp') setActive((active + users.length - 1) % users.length);
      else if ((key.key === 'Enter' && !key.shiftKey) || key.key === 'Tab') choose(active);
      else if (key.key === 'Escape') setDismissed(query);
      else return false;
      key.preventDefault();
      key.stopPropagation();
      return true;
    },
  };
}

interface MentionListProps {
  readonly id: string;
  readonly candidates: MentionCandidates;
  readonly choose: (index: number) => void;
}

/** The list above the composer; focus stays in the field. */
export function MentionList({ id, candidates, choose }: MentionListProps) {
  const { t } = useLocale();
  return (
    <div className="mention-list" id={id} role="listbox" aria-label={t('mention.people')}>
      {candidates.users.map((user, i) => (
        <div
          key={user.id}
          id={`${id}-${i}`}
          role="option"
          tabIndex={-1}
          aria-selected={i === candidates.active}
          className="mention-option"
          onPointerDown={(event) => {
            event.preventDefault();
            choose(i);
          }}
        >
          <Avatar id={user.id} name={user.name} size="small" />
          <span dir="auto">{user.name}</span>
        </div>
      ))}
    </div>
  );
}
