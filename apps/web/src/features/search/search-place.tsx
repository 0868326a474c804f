import type { SearchHit } from '@konferenco/client';
import { ArrowLeft, Search } from 'lucide-react';
import { useEffect, useState } from 'react';
import { talk } from '../../router.ts';
import { useApp, useLocale, useName } from '../../state/app.ts';
import { ArrowList } from '../../ui/arrow-list.tsx';
import { Avatar } from '../../ui/avatar.tsx';
import { Empty, Failed, Link, Loading, Time } from '../../ui/parts.tsx';
import { useAutofocus } from '../../ui/use-autofocus.ts';
import { titleOf, useSubject } from '../talk/use-subject.ts';
import { Snippet } from './snippet.tsx';
import { useSearch } from './use-search.ts';

const PAGE = 30;

/** Messages and people that hold all the words. The query stands in the address, so going back finds it again. */
export function SearchPlace({ query }: { readonly query: string }) {
  const { navigator } = useApp();
  const { t } = useLocale();
  const [typed, setTyped] = useState(query);
  const field = useAutofocus();
  const search = useSearch(typed, PAGE);
  useEffect(() => navigator.go({ name: 'search', query: typed.trim() }, { replace: true }), [navigator, typed]);
  const nothing =
    typed.trim() !== '' && !search.loading && search.error === null && search.hits.length + search.people.length === 0;
  return (
    <main className="page" id="main">
      <header className="page-head">
        <Link to={talk(null)} up className="icon-button" label={t('back')}>
          <ArrowLeft size={20} aria-hidden className="flip-rtl" />
        </Link>
        <h1>{t('search')}</h1>
      </header>
      <input
        type="search"
        className="field large"
        data-heading
        ref={field}
        aria-label={t('search.label')}
        placeholder={t('search.label')}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
      />
      <p className="sr-only" role="status">
        {typed.trim() !== '' && !search.loading && t('search.count', { count: search.hits.length })}
      </p>
      {search.error !== null && <Failed reason={search.error} retry={() => setTyped(`${typed} `)} />}
      {search.loading && search.hits.length === 0 && <Loading />}
      {typed.trim() === '' && (
        <Empty icon={Search} title={t('search.start')}>
          {t('search.start.words')}
        </Empty>
      )}
      {nothing && (
        <Empty icon={Search} title={t('search.nothing')}>
          {t('search.nothing.words')}
        </Empty>
      )}
      {search.people.length > 0 && (
        <ArrowList label={t('place.people')} className="rows">
          {search.people.map(({ user }) => (
            <li key={user.id}>
              <Link to={{ name: 'people', user: user.id }} className="row" item>
                <Avatar id={user.id} name={user.name} size="small" />
                <span className="row-title">
                  <bdi>{user.name}</bdi>
                </span>
              </Link>
            </li>
          ))}
        </ArrowList>
      )}
      {search.hits.length > 0 && (
        <ArrowList label={t('search.messages')} className="rows">
          {search.hits.map((hit) => (
            <Hit key={`${hit.log}:${hit.item.offset}`} hit={hit} />
          ))}
        </ArrowList>
      )}
      {search.more && (
        <button type="button" className="button quiet" onClick={search.more}>
          {t('load.more')}
        </button>
      )}
    </main>
  );
}

function Hit({ hit }: { readonly hit: SearchHit }) {
  const { t } = useLocale();
  const sender = hit.item.envelope?.from.user_id ?? '';
  const name = useName(sender);
  const title = titleOf(useSubject(hit.log), t('you'));
  return (
    <li>
      <Link to={talk(hit.log, null, hit.item.envelope?.id ?? null)} className="row hit" item>
        <Avatar id={sender} name={name} size="small" />
        <span className="row-main">
          <span className="row-top">
            <span className="row-title">
              <bdi>{name}</bdi>
            </span>
            <span className="hit-where">
              <bdi>{title}</bdi>
            </span>
            <Time at={hit.item.at} narrow />
          </span>
          <span className="hit-text">
            <Snippet text={hit.snippet} />
          </span>
        </span>
      </Link>
    </li>
  );
}
