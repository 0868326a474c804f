import type { Member } from '@konferenco/client';
import { ArrowLeft, UserPlus, Users } from 'lucide-react';
import { useLink } from '@konferenco/client/react';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { fold } from '../../i18n/fold.ts';
import { useApp, useBlocked, useEvent, useLocale, useStore } from '../../state/app.ts';
import { ArrowList } from '../../ui/arrow-list.tsx';
import { Avatar } from '../../ui/avatar.tsx';
import { Empty, Failed, IconButton, Link, Loading } from '../../ui/parts.tsx';
import { EventPicker } from '../shell/event-picker.tsx';
import { PersonCard } from './person-card.tsx';
import { roleName } from './role-name.ts';

/** Members of the event, by the beginning of a name, and one of them beside the list. */
export function PeoplePlace({ user }: { readonly user: string | null }) {
  const { overlay } = useApp();
  const { t } = useLocale();
  const [query, setQuery] = useState('');
  const members = useMembers(query.trim());
  return (
    <main className="place" id="main" data-depth={user === null ? 0 : 1}>
      <section className="list-column" aria-label={t('place.people')}>
        <header className="list-head">
          <div className="list-title">
            <h1 tabIndex={-1} data-heading>
              {t('place.people')}
            </h1>
            <EventPicker />
          </div>
          <IconButton label={t('invite.people')} icon={UserPlus} onClick={() => overlay.set('invite')} />
        </header>
        <div className="list-tools">
          <input
            type="search"
            className="field"
            aria-label={t('people.search')}
            placeholder={t('people.search')}
            value={query}
            onChange={(event) => setQuery(event.target.value)}
          />
        </div>
        <div className="list-scroll">
          {members.met && <p className="hint list-hint">{t('people.offline')}</p>}
          {members.error !== null && !members.met && <Failed reason={members.error} retry={members.reload} />}
          {members.items.length === 0 && members.loading && <Loading />}
          {members.items.length === 0 && !members.loading && (members.error === null || members.met) && (
            <Empty icon={Users} title={t('people.none')}>
              {query === '' ? t('people.none.words') : t('people.none.query', { query })}
            </Empty>
          )}
          <MemberRows members={members.items} current={user} />
          {members.more && (
            <button type="button" className="button quiet" onClick={members.more}>
              {t('load.more')}
            </button>
          )}
        </div>
      </section>
      <div className="main-column" id="content" tabIndex={-1}>
        {user === null ? (
          <Empty icon={Users} title={t('people.choose')}>
            {t('people.choose.words')}
          </Empty>
        ) : (
          <>
            <header className="conversation-head only-narrow">
              <Link to={{ name: 'people', user: null }} up className="icon-button" label={t('back')}>
                <ArrowLeft size={20} aria-hidden className="flip-rtl" />
              </Link>
            </header>
            <PersonCard user={user} />
          </>
        )}
      </div>
    </main>
  );
}

function MemberRows({ members, current }: { readonly members: readonly Member[]; readonly current: string | null }) {
  const { client } = useApp();
  const locale = useLocale();
  const blocked = useBlocked();
  if (members.length === 0) return null;
  const details = (user: Member['user'], role: Member['role']): readonly string[] => [
    ...(user.id === client.me?.id ? [locale.t('you')] : []),
    ...(blocked.includes(user.id) ? [locale.t('person.blocked')] : []),
    ...(role === 'attendee' ? [] : [roleName(role, locale)]),
    ...(user.about ? [user.about] : []),
  ];
  return (
    <ArrowList label={locale.t('place.people')} className="rows">
      {members.map(({ user, role }) => (
        <li key={user.id}>
          <Link to={{ name: 'people', user: user.id }} className="row" current={current === user.id} item>
            <Avatar id={user.id} name={user.name} />
            <span className="row-main">
              <span className="row-top">
                <span className="row-title">
                  <bdi>{user.name}</bdi>
                </span>
              </span>
              {details(user, role).length > 0 && (
                <span className="row-preview">
                  <bdi>{details(user, role).join(' · ')}</bdi>
                </span>
              )}
            </span>
          </Link>
        </li>
      ))}
    </ArrowList>
  );
}

interface MemberPages {
  readonly items: readonly Member[];
  readonly loading: boolean;
  readonly error: unknown;
  /** There is no connection: these are people whom this device has met. */
  readonly met: boolean;
  readonly more: (() => void) | null;
  readonly reload: () => void;
}

const PAGE = 100;
const WAIT_MS = 150;

function useMembers(query: string): MemberPages {
  const { client, directory } = useApp();
  const event = useEvent()?.id;
  const [state, setState] = useState<{
    items: readonly Member[];
    next?: string | undefined;
    loading: boolean;
    error: unknown;
  }>({
    items: [],
    loading: true,
    error: null,
  });
  const load = useCallback(
    async (before: readonly Member[], after: string | undefined, signal?: AbortSignal) => {
      if (event === undefined) return;
      setState((s) => ({ ...s, loading: true }));
      const q = { limit: PAGE, ...(query ? { q: query } : {}), ...(after ? { after } : {}) };
      try {
        const { items, next } = await client.rest('members', {
          params: { event },
          query: q,
          ...(signal ? { signal } : {}),
        });
        directory.learn(items.map((m) => m.user));
        if (!signal?.aborted) setState({ items: [...before, ...items], next, loading: false, error: null });
      } catch (error) {
        if (!signal?.aborted) setState((s) => ({ ...s, loading: false, error }));
      }
    },
    [client, directory, event, query],
  );
  useEffect(() => {
    const abort = new AbortController();
    const timer = setTimeout(() => void load([], undefined, abort.signal), query === '' ? 0 : WAIT_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [load, query]);
  const { next, loading, error } = state;
  const link = useLink();
  const known = useMet(query);
  const met = error !== null && link.kind !== 'online';
  useEffect(() => {
    // What failed for want of a connection is asked again with the next one.
    if (link.kind === 'online' && error !== null) void load([], undefined);
  }, [link.kind, error, load]);
  const items = met || (loading && state.items.length === 0) ? known : state.items;
  return {
    items,
    loading,
    error,
    met,
    reload: () => void load([], undefined),
    more: next ? () => void load(items, next) : null,
  };
}

/** People this device has met, by the beginning of any of their names. */
function useMet(query: string): readonly Member[] {
  const { directory } = useApp();
  const people = useStore(directory);
  return useMemo(() => {
    const wanted = fold(query);
    const begins = (name: string): boolean =>
      fold(name)
        .split(/\s+/)
        .some((word) => word.startsWith(wanted)) || fold(name).startsWith(wanted);
    return [...people.values()]
      .filter((user) => begins(user.name))
      .toSorted((a, b) => a.name.localeCompare(b.name))
      .map((user): Member => ({ user, role: 'attendee' }));
  }, [people, query]);
}
