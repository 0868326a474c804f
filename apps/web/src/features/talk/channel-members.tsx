import type { Channel, Member, User } from '@konferenco/client';
import { useLink, usePresenceCount } from '@konferenco/client/react';
import { UserMinus } from 'lucide-react';
import { useCallback, useEffect, useRef, useState } from 'react';
import { useApp, useEvent, useLocale } from '../../state/app.ts';
import { Avatar } from '../../ui/avatar.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Failed, Link } from '../../ui/parts.tsx';
import { moderates, roleName } from '../people/role-name.ts';

export interface MemberPages {
  readonly items: readonly Member[];
  readonly error: unknown;
  readonly more: (() => void) | null;
  readonly reload: () => void;
  /** Leaves somebody out who was removed here. */
  readonly without: (user: string) => void;
}

/** Who joined a channel, page by page. */
export function useChannelMembers(channel: string): MemberPages {
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
  const without = useCallback(
    (user: string) => setPages((now) => ({ ...now, items: now.items.filter((m) => m.user.id !== user) })),
    [],
  );
  useEffect(reload, [reload]);
  const { items, next, error } = pages;
  return { items, error, reload, without, more: next ? () => load(items, next) : null };
}

interface ChannelMembersProps {
  readonly channel: Channel;
  readonly members: MemberPages;
}

/** The members of a channel; those who moderate it can remove others. */
export function ChannelMembers({ channel, members }: ChannelMembersProps) {
  const { client } = useApp();
  const { t } = useLocale();
  const event = useEvent();
  const offline = useLink().kind !== 'online';
  const [removing, setRemoving] = useState<User | null>(null);
  const [removed, setRemoved] = useState(0);
  const heading = useRef<HTMLHeadingElement>(null);
  // The button that was pressed went with its line: reading goes on at the top of the list.
  useEffect(() => {
    if (removed > 0) heading.current?.focus();
  }, [removed]);
  // Watched by the conversation's header.
  const here = usePresenceCount(channel.id);
  // Whoever moderates the channel is removed by those who moderate the event alone, as the server sees to it.
  const mayRemoveAll = event?.id === channel.event_id && moderates(event.role);
  const mayRemove = ({ user, moderates: isModerator = false }: Member): boolean =>
    channel.may_moderate === true && user.id !== client.me?.id && (mayRemoveAll || !isModerator);
  return (
    <>
      <h3 className="list-section" ref={heading} tabIndex={-1}>
        {members.more
          ? t('members.at_least', { count: members.items.length })
          : t('members.count', { count: members.items.length })}
        {here !== null && here > 0 && ` · ${t('here_now', { count: here })}`}
      </h3>
      {offline && channel.may_moderate === true && (
        <p className="hint" id="members-offline">
          {t('member.remove.offline')}
        </p>
      )}
      {members.error !== null && <Failed reason={members.error} retry={members.reload} />}
      <ul className="rows">
        {members.items.map((member) => (
          <MemberRow
            key={member.user.id}
            member={member}
            offline={offline}
            remove={mayRemove(member) ? () => setRemoving(member.user) : null}
          />
        ))}
      </ul>
      {members.more && (
        <button type="button" className="button quiet" onClick={members.more}>
          {t('load.more')}
        </button>
      )}
      {removing && (
        <RemoveMember
          channel={channel}
          user={removing}
          removed={() => {
            members.without(removing.id);
            setRemoved((times) => times + 1);
          }}
          onClose={() => setRemoving(null)}
        />
      )}
    </>
  );
}

interface MemberRowProps {
  readonly member: Member;
  readonly offline: boolean;
  /** `null`: not by this person. */
  readonly remove: (() => void) | null;
}

function MemberRow({ member: { user, role, moderates: isModerator }, offline, remove }: MemberRowProps) {
  const locale = useLocale();
  const label = locale.t('member.remove', { name: user.name });
  return (
    <li className="member">
      <Link to={{ name: 'people', user: user.id }} className="row">
        <Avatar id={user.id} name={user.name} size="small" />
        <span className="row-title">
          <bdi>{user.name}</bdi>
        </span>
        {role !== 'attendee' && <span className="tag">{roleName(role, locale)}</span>}
        {role === 'attendee' && isModerator && <span className="tag">{locale.t('member.moderates')}</span>}
      </Link>
      {remove && (
        <button
          type="button"
          className="icon-button"
          aria-label={label}
          title={label}
          aria-disabled={offline}
          aria-describedby={offline ? 'members-offline' : undefined}
          onClick={() => offline || remove()}
        >
          <UserMinus size={18} aria-hidden />
        </button>
      )}
    </li>
  );
}

interface RemoveMemberProps {
  readonly channel: Channel;
  readonly user: User;
  readonly removed: () => void;
  readonly onClose: () => void;
}

/** Asks whether to remove somebody, and says what it means for them. */
function RemoveMember({ channel, user, removed, onClose }: RemoveMemberProps) {
  const { client, announcer } = useApp();
  const { t, why } = useLocale();
  const [busy, setBusy] = useState(false);
  const remove = async (): Promise<void> => {
    setBusy(true);
    try {
      await client.rest('removeChannelMember', { params: { channel: channel.id, user: user.id } });
      announcer.show(t('member.removed', { name: user.name }));
      onClose();
      removed();
    } catch (error) {
      announcer.show(t('failed.action', { reason: why(error) }), { harm: true });
      onClose();
    }
  };
  return (
    <Dialog title={t('member.remove.title', { name: user.name })} onClose={onClose}>
      <p>{t(channel.visibility === 'private' ? 'member.remove.closed' : 'member.remove.open', { name: user.name })}</p>
      <div className="dialog-actions">
        <button type="button" className="button" data-autofocus onClick={onClose}>
          {t('cancel')}
        </button>
        <button type="button" className="button harm solid" disabled={busy} onClick={() => void remove()}>
          {t('member.remove.confirm')}
        </button>
      </div>
    </Dialog>
  );
}
