import { type Channel, channelLog, type ConversationSummary } from '@konferenco/client';
import { BellOff, Hash, MessageSquarePlus, MessagesSquare, Search } from 'lucide-react';
import { useMemo } from 'react';
import { talk } from '../../router.ts';
import { useApp, useEvent, useLocale, useName, useRoute, useStore } from '../../state/app.ts';
import { ArrowList } from '../../ui/arrow-list.tsx';
import { Avatar } from '../../ui/avatar.tsx';
import { Empty, IconButton, Link, Loading, Time } from '../../ui/parts.tsx';
import { EventPicker } from '../shell/event-picker.tsx';
import { MessageStateMark } from './message-state.tsx';
import { ReachIcon } from './subject-icon.tsx';

/** Conversations, the latest first, and the channels one has not joined. */
export function ConversationList() {
  const { client, venue, overlay } = useApp();
  const { t } = useLocale();
  const { items, loading } = useStore(client.conversations);
  const channels = useStore(venue.channels).value;
  const event = useEvent()?.id;
  const mine = useMemo(
    () =>
      items
        .map((s) => withChannel(s, channels ?? []))
        .filter((s) => !s.channel || !event || s.channel.event_id === event)
        .toSorted((a, b) => (b.preview?.at ?? 0) - (a.preview?.at ?? 0)),
    [items, channels, event],
  );
  // Joined or left on this device counts at once; the list of channels follows with the connection.
  const others = useMemo(() => {
    const joined = new Set(items.map(({ log }) => log));
    return (
      channels?.filter((c) => !c.archived && !joined.has(channelLog(c.id)) && (items.length > 0 || !c.joined)) ?? []
    );
  }, [channels, items]);
  return (
    <>
      <header className="list-head">
        <div className="list-title">
          <h1 tabIndex={-1} data-heading>
            {t('place.talk')}
          </h1>
          <EventPicker />
        </div>
        <IconButton label={t('search')} icon={Search} onClick={() => overlay.set('palette')} />
        <IconButton
          label={t('channel.create')}
          icon={MessageSquarePlus}
          onClick={() => overlay.set('create-channel')}
        />
      </header>
      <div className="list-scroll">
        {mine.length === 0 && loading && <Loading />}
        {mine.length === 0 && !loading && (
          <Empty
            icon={MessagesSquare}
            title={t('talk.empty')}
            action={
              <Link to={{ name: 'people', user: null }} className="button primary">
                {t('talk.find_people')}
              </Link>
            }
          >
            {t('talk.empty.words')}
          </Empty>
        )}
        {mine.length > 0 && (
          <ArrowList label={t('conversations')} className="rows">
            {mine.map((summary) => (
              <SummaryRow key={summary.log} summary={summary} />
            ))}
          </ArrowList>
        )}
        {others.length > 0 && (
          <section aria-labelledby="other-channels">
            <h2 className="list-section" id="other-channels">
              {t('channels.other')}
            </h2>
            <ArrowList label={t('channels.other')} className="rows">
              {others.map((channel) => (
                <ChannelRow key={channel.id} channel={channel} />
              ))}
            </ArrowList>
          </section>
        )}
      </div>
    </>
  );
}

/** A channel joined without a network is in the list before the server has described it. */
function withChannel(summary: ConversationSummary, channels: readonly Channel[]): ConversationSummary {
  if (summary.channel || summary.peer) return summary;
  const channel = channels.find((c) => channelLog(c.id) === summary.log);
  return channel ? { ...summary, channel } : summary;
}

function useIsCurrent(log: string): boolean {
  const route = useRoute();
  return route.name === 'talk' && route.log === log;
}

function SummaryRow({ summary }: { readonly summary: ConversationSummary }) {
  const { client } = useApp();
  const { t } = useLocale();
  const current = useIsCurrent(summary.log);
  const peer = summary.peer;
  const title = summary.channel?.title ?? (peer?.id === client.me?.id ? t('you') : peer?.name) ?? summary.log;
  const { unread, mentions, preview } = summary;
  const loud = unread > 0 && !summary.muted;
  return (
    <li>
      <Link to={talk(summary.log)} className={loud ? 'row unread' : 'row'} current={current} item>
        {peer ? (
          <Avatar id={peer.id} name={peer.name} />
        ) : (
          <ChannelMark visibility={summary.channel?.visibility ?? 'public'} />
        )}
        <span className="row-main">
          <span className="row-top">
            <span className="row-title">
              <bdi>{title}</bdi>
            </span>
            {summary.muted && <BellOff size={14} role="img" aria-label={t('muted')} />}
            {preview && <Time at={preview.timestamp} narrow />}
          </span>
          <span className="row-bottom">
            {preview?.state && <MessageStateMark message={{ ...preview, state: preview.state }} />}
            <span className="row-preview">
              <bdi>{preview ? <Preview summary={summary} /> : t('empty.title')}</bdi>
            </span>
            {mentions > 0 && (
              <span
                className="mention-dot"
                role="img"
                aria-label={t('mentions.count', { count: mentions })}
                title={t('mentions.count', { count: mentions })}
              />
            )}
            {unread > 0 && <UnreadCount count={unread} muted={summary.muted} />}
          </span>
        </span>
      </Link>
    </li>
  );
}

/** Beyond this, "99+". */
const COUNT_SHOWN = 99;

interface UnreadCountProps {
  readonly count: number;
  readonly muted?: boolean;
  /** What is counted, for screen readers; unread messages unless given. */
  readonly words?: string;
}

export function UnreadCount({ count, muted = false, words }: UnreadCountProps) {
  const { t, number } = useLocale();
  return (
    <span className={muted ? 'count muted' : 'count'}>
      <span aria-hidden>{count > COUNT_SHOWN ? `${COUNT_SHOWN}+` : number(count)}</span>
      <span className="sr-only">{words ?? t('unread.count', { count })}</span>
    </span>
  );
}

function Preview({ summary }: { readonly summary: ConversationSummary }) {
  const { client } = useApp();
  const { t } = useLocale();
  const sender = summary.preview?.sender ?? '';
  const name = useName(sender);
  // Only a message with files says nothing.
  const text = summary.preview?.text || t('files.some', { count: 1 });
  if (sender === client.me?.id) return t('preview.you', { text });
  return summary.channel ? t('preview.name', { name, text }) : text;
}

function ChannelMark({ visibility }: { readonly visibility: Channel['visibility'] }) {
  return (
    <span className="channel-mark">
      {visibility === 'public' ? <Hash size={18} aria-hidden /> : <ReachIcon reach={visibility} size={18} />}
    </span>
  );
}

function ChannelRow({ channel }: { readonly channel: Channel }) {
  const log = channelLog(channel.id);
  const current = useIsCurrent(log);
  return (
    <li>
      <Link to={talk(log)} className="row" current={current} item>
        <ChannelMark visibility={channel.visibility} />
        <span className="row-main">
          <span className="row-title">
            <bdi>{channel.title}</bdi>
          </span>
          {channel.topic && (
            <span className="row-preview">
              <bdi>{channel.topic}</bdi>
            </span>
          )}
        </span>
      </Link>
    </li>
  );
}
