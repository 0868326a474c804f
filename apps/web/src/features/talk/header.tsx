import type { Conversation } from '@konferenco/client';
import { usePresence, usePresenceCount, useWatch } from '@konferenco/client/react';
import { ArrowLeft, Ban, Bell, BellOff, EllipsisVertical, Handshake, Info, LogOut, Search, Users } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { talk } from '../../router.ts';
import { useApp, useLocale, useRoute, useStore } from '../../state/app.ts';
import { PresenceMark } from '../../ui/avatar.tsx';
import { MenuButton, type MenuAction } from '../../ui/menu.tsx';
import { IconButton, Link } from '../../ui/parts.tsx';
import { audienceOf, type ConversationSubject } from './audience.ts';
import { ReachIcon } from './subject-icon.tsx';
import { titleOf } from './use-subject.ts';

const MeetingDialog = lazy(() => import('../editing.ts').then((m) => ({ default: m.MeetingDialog })));

interface HeaderProps {
  readonly conversation: Conversation;
  readonly subject: ConversationSubject;
}

/** Who or what this is, who can read it in words, and how many are here. */
export function ConversationHeader({ conversation, subject }: HeaderProps) {
  const { navigator } = useApp();
  const locale = useLocale();
  const { t } = locale;
  const route = useRoute();
  const audience = audienceOf(subject, locale);
  const about = route.name === 'talk' && route.panel?.kind === 'about';
  const toggle = (): void =>
    about ? navigator.up(talk(conversation.log)) : navigator.go(talk(conversation.log, { kind: 'about' }));
  return (
    <header className="conversation-head">
      <Link to={talk(null)} up className="icon-button only-narrow" label={t('back')}>
        <ArrowLeft size={20} aria-hidden className="flip-rtl" />
      </Link>
      <div className="conversation-title">
        <h1 tabIndex={-1} data-heading>
          <bdi>{titleOf(subject, t('you'))}</bdi>
          {subject.kind === 'direct' && <PeerPresence peer={subject.peer} />}
        </h1>
        <p className="audience">
          <ReachIcon reach={audience.reach} size={14} />
          <span>
            {audience.words}
            {subject.kind === 'channel' && <HereNow channel={subject.channel.id} />}
          </span>
        </p>
      </div>
      <IconButton
        label={t('about')}
        icon={subject.kind === 'channel' ? Users : Info}
        pressed={about}
        onClick={toggle}
      />
      <ConversationMenu conversation={conversation} subject={subject} />
    </header>
  );
}

function PeerPresence({ peer }: { readonly peer: string }) {
  useWatch({ users: [peer] });
  return <PresenceMark status={usePresence(peer)} />;
}

function HereNow({ channel }: { readonly channel: string }) {
  const { t } = useLocale();
  useWatch({ channels: [channel] });
  const count = usePresenceCount(channel);
  return count === null || count === 0 ? null : <span className="wide-only"> · {t('here_now', { count })}</span>;
}

function ConversationMenu({ conversation, subject }: HeaderProps) {
  const { client, navigator, announcer } = useApp();
  const { t, why } = useLocale();
  const [asking, setAsking] = useState(false);
  const summary = useStore(client.conversations).items.find((s) => s.log === conversation.log);
  const run = (work: () => Promise<unknown>, done: string) => () => {
    work().then(
      () => announcer.show(done),
      (error: unknown) => announcer.show(t('failed.action', { reason: why(error) }), { harm: true }),
    );
  };
  const set = async (route: 'mute' | 'unmute'): Promise<void> => {
    await client.rest(route, { params: { log: conversation.log } });
    await client.conversations.refresh();
  };
  const actions: MenuAction[] = [
    ...(subject.kind === 'direct' ? [{ label: t('meeting.ask'), icon: Handshake, run: () => setAsking(true) }] : []),
    { label: t('search'), icon: Search, run: () => navigator.go({ name: 'search', query: '' }) },
    summary?.muted
      ? { label: t('unmute'), icon: Bell, run: run(() => set('unmute'), t('unmuted')) }
      : { label: t('mute'), icon: BellOff, run: run(() => set('mute'), t('muted')) },
  ];
  if (subject.kind === 'channel' && subject.channel.joined) {
    const leave = (): Promise<unknown> =>
      client.own.leaveChannel(subject.channel.id).then(() => navigator.go(talk(null)));
    actions.push({
      label: t('leave'),
      icon: LogOut,
      harm: true,
      run: run(leave, t('left', { title: subject.channel.title })),
    });
  }
  if (subject.kind === 'direct') {
    const block = (): Promise<unknown> => client.own.setBlocked(subject.peer, true);
    actions.push({ label: t('block'), icon: Ban, harm: true, run: run(block, t('blocked', { name: subject.name })) });
  }
  return (
    <>
      <MenuButton label={t('conversation.actions')} icon={EllipsisVertical} actions={actions} />
      <Suspense fallback={null}>
        {asking && subject.kind === 'direct' && (
          <MeetingDialog person={subject.peer} onClose={() => setAsking(false)} />
        )}
      </Suspense>
    </>
  );
}
