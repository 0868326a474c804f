import type { Channel, Conversation, Member, User } from '@konferenco/client';
import { usePresenceCount } from '@konferenco/client/react';
import { UserPlus, X } from 'lucide-react';
import { useCallback, useEffect, useState } from 'react';
import { talk } from '../../router.ts';
import { useApp, useLocale } from '../../state/app.ts';
import { Avatar } from '../../ui/avatar.tsx';
import { Failed, Link, Loading } from '../../ui/parts.tsx';
import { PersonCard } from '../people/person-card.tsx';
import { roleName } from '../people/role-name.ts';
import { audienceOf, type ConversationSubject } from './audience.ts';
import { ReachIcon } from './subject-icon.tsx';
import { titleOf, useSubject } from './use-subject.ts';
import { useMentionCandidates } from './mention-list.tsx';

/** Who is in a conversation and who can read it. */
export function AboutPanel({ conversation }: { readonly conversation: Conversation }) {
  const locale = useLocale();
  const { t } = locale;
  const subject = useSubject(conversation.log);
  if (subject === null || subject.kind === 'missing') return <Loading />;
  const audience = audienceOf(subject, locale);
  return (
    <>
      <header className="panel-head">
        <h2 tabIndex={-1} data-heading>
          <bdi>{titleOf(subject, t('you'))}</bdi>
        </h2>
        <Link to={talk(conversation.log)} up className="icon-button" label={t('close')}>
          <X size={20} aria-hidden />
        </Link>
      </header>
      <div className="panel-scroll">
        <p className="audience large">
          <ReachIcon reach={audience.reach} />
          <span>{audience.words}</span>
        </p>
        {audience.reach !== 'public' && audience.reach !== 'announce' && <p className="hint">{t('audience.detail')}</p>}
        <Details subject={subject} />
      </div>
    </>
  );
}

function Details({ subject }: { readonly subject: ConversationSubject }) {
  if (subject.kind === 'channel') return <ChannelDetails channel={subject.channel} />;
  if (subject.kind === 'direct') return <PersonCard user={subject.peer} inConversation />;
  return null;
}

function ChannelDetails({ channel }: { readonly channel: Channel }) {
  const { overlay } = useApp();
  const locale = useLocale();
  const { t } = locale;
  const members = useChannelMembers(channel.id);
  // Watched by the conversation's header.
  const here = usePresenceCount(channel.id);
  return (
    <>
      {channel.topic && (
        <p className="topic" dir="auto">
          {channel.topic}
        </p>
      )}
      {channel.visibility === 'private' && channel.joined && <AddMember channel={channel} done={members.reload} />}
      {channel.visibility !== 'private' && (
        <button type="button" className="button" onClick={() => overlay.set('invite')}>
          <UserPlus size={18} aria-hidden />
          {t('invite.people')}
        </button>
      )}
      <h3 className="list-section">
        {members.more
          ? t('members.at_least', { count: members.items.length })
          : t('members.count', { count: members.items.length })}
        {here !== null && here > 0 && ` · ${t('here_now', { count: here })}`}
      </h3>
      {members.error !== null && <Failed reason={members.error} retry={members.reload} />}
      <ul className="rows">
        {members.items.map(({ user, role }) => (
          <li key={user.id}>
            <Link to={{ name: 'people', user: user.id }} className="row">
              <Avatar id={user.id} name={user.name} size="small" />
              <span className="row-title">
                <bdi>{user.name}</bdi>
              </span>
              {role !== 'attendee' && <span className="tag">{roleName(role, locale)}</span>}
            </Link>
          </li>
        ))}
      </ul>
      {members.more && (
        <button type="button" className="button quiet" onClick={members.more}>
          {t('load.more')}
        </button>
      )}
    </>
  );
}

interface MemberPages {
  readonly items: readonly Member[];
  readonly error: unknown;
  readonly more: (() => void) | null;
  readonly reload: () => void;
}

function useChannelMembers(channel: string): MemberPages {
  const { client, directory } = useApp();
  const [pages, setPages] = useState<{ items: readonly Member[]; next?: string | undefined; error: unknown }>({
    items: [],
    error: null,
  });
  const load = useCallback(
    (before: readonly Member[], after?: string) => {
      client.rest('channelMembers', { params: { channel }, query: { limit: 100, ...(after ? { after } : {}) } }).then(
        ({ items, next }) => {
          directory.learn(items.map((m) => m.user));
          setPages({ items: [...before, ...items], next, error: null });
        },
        (error: unknown) => setPages({ items: before, error }),
      );
    },
    [client, directory, channel],
  );
  const reload = useCallback(() => load([]), [load]);
  useEffect(reload, [reload]);
  const { items, next, error } = pages;
  return { items, error, reload, more: next ? () => load(items, next) : null };
}

/** Brings a member of the event into a private channel. */
function AddMember({ channel, done }: { readonly channel: Channel; readonly done: () => void }) {
  const { client, announcer } = useApp();
  const { t, why } = useLocale();
  const [query, setQuery] = useState('');
  const candidates = useMentionCandidates(query.trim() === '' ? null : query.trim());
  const add = (user: User): void => {
    client.rest('addChannelMember', { params: { channel: channel.id, user: user.id } }).then(
      () => {
        setQuery('');
        announcer.show(t('member.added', { name: user.name }));
        done();
      },
      (error: unknown) => announcer.show(t('failed.action', { reason: why(error) }), { harm: true }),
    );
  };
  return (
    <div className="form">
      <label className="label">
        {t('member.add')}
        <input
          className="field"
          value={query}
          placeholder={t('people.search')}
          onChange={(event) => setQuery(event.target.value)}
        />
      </label>
      {query !== '' && (
        <ul className="rows">
          {candidates.users.map((user) => (
            <li key={user.id}>
              <button type="button" className="row" onClick={() => add(user)}>
                <Avatar id={user.id} name={user.name} size="small" />
                <span className="row-title">
                  <bdi>{user.name}</bdi>
                </span>
                <UserPlus size={18} aria-hidden />
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
