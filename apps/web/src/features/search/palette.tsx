import {
  CalendarDays,
  Hash,
  Keyboard,
  type LucideIcon,
  MessageSquarePlus,
  MessageSquareText,
  Search,
  User,
  UserPlus,
  Users,
} from 'lucide-react';
import { useId, useMemo, useState } from 'react';
import { channelLog, directLog } from '@konferenco/client';
import { fold } from '../../i18n/fold.ts';
import { programme, type Route, talk } from '../../router.ts';
import { type Overlay, useApp, useLocale, useStore } from '../../state/app.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { useProgramme } from '../programme/use-programme.ts';
import { matchParts } from './snippet.tsx';
import { useSearch } from './use-search.ts';

/** A line of the palette. */
interface Entry {
  readonly key: string;
  readonly icon: LucideIcon;
  readonly title: string;
  readonly detail?: string;
  readonly run: () => void;
}

const MESSAGES = 6;

/** Finds people, channels, sessions, messages and commands. Focus stays in the field; arrows choose, Enter goes. */
export function Palette({ onClose }: { readonly onClose: () => void }) {
  const { t } = useLocale();
  const id = useId();
  const [query, setQuery] = useState('');
  const [active, setActive] = useState(0);
  const entries = useEntries(query, onClose);
  const at = Math.min(active, entries.length - 1);
  const onKeyDown = (event: React.KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && entries.length > 0) {
      const next = (at + step + entries.length) % entries.length;
      setActive(next);
      document.getElementById(`${id}-${next}`)?.scrollIntoView({ block: 'nearest' });
    } else if (event.key === 'Enter' && !event.nativeEvent.isComposing) entries[at]?.run();
    else return;
    event.preventDefault();
  };
  return (
    <Dialog title={t('palette')} onClose={onClose} className="palette" bare>
      <div className="palette-field">
        <Search size={20} aria-hidden />
        <input
          data-autofocus
          role="combobox"
          aria-expanded
          aria-controls={`${id}-list`}
          aria-activedescendant={entries[at] ? `${id}-${at}` : undefined}
          aria-label={t('palette')}
          placeholder={t('palette')}
          value={query}
          onChange={(event) => {
            setQuery(event.target.value);
            setActive(0);
          }}
          onKeyDown={onKeyDown}
        />
      </div>
      <div className="palette-list" id={`${id}-list`} role="listbox" aria-label={t('palette.results')}>
        {entries.map(({ key, icon: Icon, title, detail, run }, i) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: focus stays in the field above, which handles the keys
          <div
            key={key}
            id={`${id}-${i}`}
            role="option"
            tabIndex={-1}
            aria-selected={i === at}
            className="palette-entry"
            onClick={run}
          >
            <Icon size={18} aria-hidden />
            <span className="palette-title" dir="auto">
              {title}
            </span>
            {detail && (
              <span className="palette-detail" dir="auto">
                {detail}
              </span>
            )}
          </div>
        ))}
      </div>
      {entries.length === 0 && <p className="palette-none">{t('search.nothing')}</p>}
    </Dialog>
  );
}

function useEntries(query: string, onClose: () => void): readonly Entry[] {
  const { client, venue, navigator, overlay, directory } = useApp();
  const { t } = useLocale();
  const summaries = useStore(client.conversations).items;
  const channels = useStore(venue.channels).value;
  const { sessions } = useProgramme();
  const names = useStore(directory);
  const found = useSearch(query, MESSAGES);
  return useMemo(() => {
    const q = fold(query.trim());
    const matches = (title: string): boolean => fold(title).includes(q);
    const go = (route: Route) => () => {
      onClose();
      navigator.go(route);
    };
    const show = (next: Overlay) => () => overlay.set(next);
    const me = client.me?.id ?? '';
    const people = [...summaries.flatMap((s) => (s.peer ? [s.peer] : [])), ...found.people.map((m) => m.user)];
    const unique = [...new Map(people.filter((p) => p.id !== me).map((p) => [p.id, p])).values()];
    const entries: Entry[] = [
      ...unique.map((p) => ({
        key: `p:${p.id}`,
        icon: User,
        title: p.name,
        detail: t('palette.person'),
        run: go(talk(directLog(me, p.id))),
      })),
      ...(channels ?? []).map((c) => ({
        key: `c:${c.id}`,
        icon: Hash,
        title: c.title,
        detail: t('palette.channel'),
        run: go(talk(channelLog(c.id))),
      })),
    ].filter((e) => matches(e.title));
    const commands: Entry[] = [
      { key: 'create', icon: MessageSquarePlus, title: t('channel.create'), run: show('create-channel') },
      { key: 'invite', icon: UserPlus, title: t('invite.people'), run: show('invite') },
      {
        key: 'programme',
        icon: CalendarDays,
        title: t('palette.go', { place: t('place.programme') }),
        run: go(programme()),
      },
      {
        key: 'people',
        icon: Users,
        title: t('palette.go', { place: t('place.people') }),
        run: go({ name: 'people', user: null }),
      },
      {
        key: 'me',
        icon: User,
        title: t('palette.go', { place: t('place.me') }),
        run: go({ name: 'me', section: null }),
      },
      { key: 'keys', icon: Keyboard, title: t('keys.title'), run: show('keyboard') },
    ].filter((e) => matches(e.title));
    if (q === '') return [...entries.slice(0, 8), ...commands];
    const ofSessions = sessions
      .filter((s) => matches(s.title))
      .map((s) => ({
        key: `s:${s.id}`,
        icon: CalendarDays,
        title: s.title,
        detail: s.room,
        run: go(programme(s.id)),
      }));
    const hits = found.hits.map((h) => ({
      key: `m:${h.log}:${h.item.offset}`,
      icon: MessageSquareText,
      title: matchParts(h.snippet)
        .map((p) => p.text)
        .join(''),
      detail: names.get(h.item.envelope?.from.user_id ?? '')?.name ?? '',
      run: go(talk(h.log, null, h.item.envelope?.id ?? null)),
    }));
    const all = {
      key: 'all',
      icon: Search,
      title: t('search.all', { query: query.trim() }),
      run: go({ name: 'search', query: query.trim() }),
    };
    return [...entries.slice(0, 8), ...ofSessions.slice(0, 4), ...commands, ...hits, all];
  }, [client, query, summaries, channels, sessions, names, found.people, found.hits, navigator, overlay, onClose, t]);
}
