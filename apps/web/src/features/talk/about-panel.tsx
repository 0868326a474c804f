import type { Channel, Conversation, User } from '@konferenco/client';
import { UserPlus, X } from 'lucide-react';
import { useState } from 'react';
import { talk } from '../../router.ts';
import { useApp, useLocale } from '../../state/app.ts';
import { Avatar } from '../../ui/avatar.tsx';
import { Link, Loading } from '../../ui/parts.tsx';
import { PersonCard } from '../people/person-card.tsx';
import { audienceOf, type ConversationSubject } from './audience.ts';
import { ChannelMembers, useChannelMembers } from './channel-members.tsx';
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
  const { t } = useLocale();
  const members = useChannelMembers(channel.id);
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
      <ChannelMembers channel={channel} members={members} />
    </>
  );
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
