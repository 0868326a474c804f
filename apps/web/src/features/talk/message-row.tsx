// biome-ignore-all lint/suspicious/noArrayIndexKey: the pieces of a text are known by their place in it

import type { Message } from '@konferenco/client';
import { CloudOff, Copy, Ellipsis, Flag, MessagesSquare, Pencil, Reply, SmilePlus, Trash2 } from 'lucide-react';
import { lazy, memo, type RefObject, Suspense, useEffect, useRef, useState } from 'react';
import { dayKey } from '../../i18n/locale.ts';
import { useApp, useLocale, useName, useNames, useNow, useStore } from '../../state/app.ts';
import { Avatar } from '../../ui/avatar.tsx';
import { type MenuAction, MenuList } from '../../ui/menu.tsx';
import { IconButton, Time } from '../../ui/parts.tsx';
import { splitText } from './compose.ts';
import { Failure, MessageStateMark } from './message-state.tsx';
import { ReactionPicker, Reactions } from './reactions.tsx';
import { useMessageActions } from './talk-context.tsx';

const MessageFiles = lazy(() => import('../files/files.ts').then((m) => ({ default: m.MessageFiles })));

interface MessageRowProps {
  readonly message: Message;
  readonly first: boolean;
  /** The one message that Tab reaches. */
  readonly focusable: boolean;
  readonly highlighted: boolean;
}

/** What floats over a message now. */
type Open = 'nothing' | 'menu' | 'picker';

/** One message: sender and time, text, reactions, thread, and where it is. */
export const MessageRow = memo(function MessageRow({ message, first, focusable, highlighted }: MessageRowProps) {
  const { client, preferences } = useApp();
  const { t } = useLocale();
  const actions = useMessageActions();
  const name = useName(message.sender);
  const own = message.sender === client.me?.id;
  const ref = useRef<HTMLElement>(null);
  const [open, setOpen] = useState<Open>('nothing');
  const menu = useMenu(message, own, () => setOpen('picker'));
  const singleKeys = useStore(preferences).singleKeys;

  const onKeyDown = (event: React.KeyboardEvent<HTMLElement>): void => {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
    const action = event.key === 'Enter' ? undefined : menu.find((a) => a.key === event.key);
    if (event.key === 'Enter') setOpen('menu');
    else if (singleKeys && action) action.run();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <article
      ref={ref}
      className={`message${first ? ' first' : ''}${highlighted ? ' highlighted' : ''}${open === 'nothing' ? '' : ' active'}`}
      data-message={message.id}
      tabIndex={focusable ? 0 : -1}
      aria-label={t('message.by', { name })}
      onKeyDown={onKeyDown}
      onContextMenu={(event) => {
        if (window.getSelection()?.isCollapsed === false || (event.target as Element).closest('a')) return;
        event.preventDefault();
        setOpen('menu');
      }}
    >
      <div className="message-side">{first ? <Avatar id={message.sender} name={name} /> : null}</div>
      <div className="message-main">
        {first && (
          <header className="message-head">
            <span className="message-name" dir="auto">
              {name}
            </span>
            <Time at={message.timestamp} />
          </header>
        )}
        <Quote message={message} />
        {message.attachments && (
          <Suspense fallback={<div className="files-coming" />}>
            <MessageFiles message={message} />
          </Suspense>
        )}
        <MessageText message={message} />
        <PlacedLate message={message} />
        <Reactions message={message} />
        <ThreadLink message={message} />
        {message.state === 'failed' && (
          <Failure
            message={message}
            retry={() => actions.conversation.retry(message.id)}
            discard={() => actions.conversation.discard(message.id)}
          />
        )}
      </div>
      <div className="message-end">{own && <MessageStateMark message={message} />}</div>
      <Toolbar message={message} anchor={ref} menu={menu} open={open} setOpen={setOpen} />
    </article>
  );
});

interface ToolbarProps {
  readonly message: Message;
  readonly anchor: RefObject<HTMLElement | null>;
  readonly menu: readonly MenuAction[];
  readonly open: Open;
  readonly setOpen: (open: Open) => void;
}

/** Appears while the message is hovered or focused. Not tab stops: the keyboard has Enter and single keys instead. */
function Toolbar({ anchor, message, menu, open, setOpen }: ToolbarProps) {
  const { t } = useLocale();
  const actions = useMessageActions();
  const more = useRef<HTMLDivElement>(null);
  if (menu.length === 0) return null;
  const stored = message.offset !== null && !message.gone;
  return (
    <>
      <div className="message-tools" ref={more}>
        {actions.mayPost && stored && (
          <IconButton label={t('react')} icon={SmilePlus} onClick={() => setOpen('picker')} />
        )}
        {actions.mayPost && stored && actions.reply && (
          <IconButton label={t('reply')} icon={Reply} onClick={() => actions.reply?.(message)} />
        )}
        <IconButton label={t('more')} icon={Ellipsis} onClick={() => setOpen('menu')} />
      </div>
      {open === 'menu' && (
        <MenuList anchor={anchor} label={t('message.actions')} actions={menu} onClose={() => setOpen('nothing')} />
      )}
      {open === 'picker' && <ReactionPicker anchor={anchor} message={message} onClose={() => setOpen('nothing')} />}
    </>
  );
}

function useMenu(message: Message, own: boolean, pick: () => void): readonly MenuAction[] {
  const { t } = useLocale();
  const actions = useMessageActions();
  if (message.gone) return [];
  const copy = { label: t('copy'), icon: Copy, run: () => actions.copy(message), key: 'c' };
  const edit = { label: t('edit'), icon: Pencil, run: () => actions.edit(message), key: 'e' };
  if (message.offset === null) {
    // A refused one has its own buttons; one on its way cannot be called back.
    const discard = {
      label: t('discard'),
      icon: Trash2,
      run: () => actions.conversation.discard(message.id),
      harm: true,
    };
    return message.state === 'failed' ? [copy] : [copy, edit, ...(message.state === 'sent' ? [] : [discard])];
  }
  const { reply, openThread, mayPost } = actions;
  return [
    ...(mayPost ? [{ label: t('react'), icon: SmilePlus, run: pick, key: '+' }] : []),
    ...(mayPost && reply ? [{ label: t('reply'), icon: Reply, run: () => reply(message), key: 'r' }] : []),
    ...(openThread
      ? [{ label: t('thread.open'), icon: MessagesSquare, run: () => openThread(message), key: 't' }]
      : []),
    copy,
    ...(own && mayPost ? [edit] : []),
    ...(own
      ? [{ label: t('delete'), icon: Trash2, run: () => actions.remove(message), harm: true }]
      : [{ label: t('report'), icon: Flag, run: () => actions.report(message), harm: true }]),
  ];
}

function MessageText({ message }: { readonly message: Message }) {
  const { client } = useApp();
  const { t } = useLocale();
  const names = useNames(message.mentions);
  if (message.gone) {
    const words = { erased: t('gone.erased'), expired: t('gone.expired'), damaged: t('gone.damaged') }[message.gone];
    return <p className="message-gone">{words}</p>;
  }
  if (message.text === '') return null;
  const mentions = message.mentions.map((id, i) => ({ id, name: names[i] ?? id }));
  return (
    <p className="message-text" dir="auto">
      {splitText(message.text, mentions).map((part, i) => {
        if (part.kind === 'text') return part.text;
        if (part.kind === 'mention') {
          return (
            <span key={i} className={part.id === client.me?.id ? 'mention me' : 'mention'}>
              {part.text}
            </span>
          );
        }
        return (
          <a key={i} href={part.href} target="_blank" rel="noopener noreferrer">
            {part.text}
          </a>
        );
      })}
      {message.edited && <span className="edited"> {t('message.edited')}</span>}
    </p>
  );
}

/** Written without a network: it stands where it was written, and says when it came. */
function PlacedLate({ message }: { readonly message: Message }) {
  const locale = useLocale();
  const now = useNow();
  const ref = useRef<HTMLParagraphElement>(null);
  const { lateSeen } = useMessageActions();
  useEffect(() => {
    const line = ref.current;
    if (!line || !lateSeen) return;
    const observer = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) lateSeen(message.id);
    });
    observer.observe(line);
    return () => observer.disconnect();
  }, [lateSeen, message.id]);
  if (message.placed_late === undefined) return null;
  const { written_at, arrived_at } = message.placed_late;
  const sameDay = dayKey(written_at) === dayKey(arrived_at);
  const words = (at: number): string => (sameDay ? locale.clock(at) : locale.relative(at, now));
  return (
    <p className="placed-late" ref={ref}>
      <CloudOff size={14} aria-hidden />
      {locale.t('late.arrived', { written: words(written_at), arrived: words(arrived_at) })}
    </p>
  );
}

/** The message that this one answers, in one line. */
function Quote({ message }: { readonly message: Message }) {
  const { find } = useMessageActions();
  if (message.reply_to === undefined) return null;
  return <QuoteLine id={message.reply_to} original={find(message.reply_to)} />;
}

function QuoteLine({ id, original }: { readonly id: string; readonly original: Message | null }) {
  const { t } = useLocale();
  const { jumpTo } = useMessageActions();
  const name = useName(original?.sender ?? '');
  return (
    <button type="button" className="quote" onClick={() => jumpTo(id)}>
      <Reply size={14} aria-hidden />
      {original ? (
        <>
          <span className="sr-only">{t('reply.to_name', { name })}</span>
          <strong aria-hidden dir="auto">
            {name}
          </strong>
          <span dir="auto">
            {original.gone
              ? t('gone.erased')
              : original.text || t('files.some', { count: original.attachments?.length ?? 1 })}
          </span>
        </>
      ) : (
        <span>{t('reply.earlier')}</span>
      )}
    </button>
  );
}

function ThreadLink({ message }: { readonly message: Message }) {
  const { t } = useLocale();
  const { openThread } = useMessageActions();
  if (message.replies === 0 || !openThread) return null;
  return (
    <button type="button" className="thread-link" onClick={() => openThread(message)}>
      <MessagesSquare size={16} aria-hidden />
      {t('thread.replies', { count: message.replies })}
    </button>
  );
}
