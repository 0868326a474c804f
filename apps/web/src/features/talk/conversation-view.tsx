import type { Conversation, Message } from '@konferenco/client';
import { useConversation as useOpened } from '@konferenco/client/react';
import { ArrowUp, MessagesSquare } from 'lucide-react';
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { talk } from '../../router.ts';
import { useApp, useLocale, useNames } from '../../state/app.ts';
import { Empty, Failed, Loading } from '../../ui/parts.tsx';
import type { ConversationSubject } from './audience.ts';
import { Composer, type ComposerHandle } from './composer.tsx';
import { ConversationHeader } from './header.tsx';
import { MessageActionsContext } from './talk-context.tsx';
import { Timeline } from './timeline.tsx';
import { useAnnounceArrivals } from './use-announce-arrivals.ts';
import { useMessageTools } from './use-message-tools.ts';
import { titleOf, useConversation, useSubject } from './use-subject.ts';

const MeetingStrip = lazy(() => import('../later.ts').then((m) => ({ default: m.MeetingStrip })));
const ReportDialog = lazy(() => import('../later.ts').then((m) => ({ default: m.ReportDialog })));

interface ConversationViewProps {
  readonly log: string;
  /** A message to jump to. */
  readonly message: string | null;
}

/** One conversation, from its header to its composer. */
export function ConversationView({ log, message }: ConversationViewProps) {
  const { t } = useLocale();
  const conversation = useConversation(log);
  const subject = useSubject(log);
  if (conversation === null || subject?.kind === 'missing') {
    return (
      <Empty icon={MessagesSquare} title={t('talk.missing')}>
        {t('talk.missing.words')}
      </Empty>
    );
  }
  if (subject === null) return <Loading />;
  return <Opened key={log} conversation={conversation} subject={subject} message={message} />;
}

interface OpenedProps {
  readonly conversation: Conversation;
  readonly subject: ConversationSubject;
  readonly message: string | null;
}

function Opened({ conversation, subject, message }: OpenedProps) {
  const app = useApp();
  const { t, why } = useLocale();
  const read = useReadAtOpening(conversation);
  const { state, refused } = useOpened(conversation);
  const [reported, setReported] = useState<Message | null>(null);
  const composer = useRef<ComposerHandle | null>(null);
  useAnnounceArrivals(conversation);

  const title = titleOf(subject, t('you'));
  const mayPost =
    subject.kind !== 'channel' || (subject.channel.may_post && subject.channel.joined && !subject.channel.archived);
  const openThread = useCallback(
    (m: Message) => app.navigator.go(talk(conversation.log, { kind: 'thread', root: m.id })),
    [app, conversation],
  );
  const tools = useMessageTools({ conversation, mayPost, composer, openThread, report: setReported });
  const [late, lateSeen] = useLateAbove(state.late_above);
  const actions = useMemo(() => ({ ...tools, lateSeen }), [tools, lateSeen]);
  const target = useJumpTarget(conversation, message);
  const loadOlder = useCallback(
    (asked: boolean) => {
      conversation.loadOlder().catch((error: unknown) => {
        // The line about the connection says it already, unless the person asked.
        if (asked || app.client.link.kind === 'online')
          app.announcer.show(t('failed.load', { reason: why(error) }), { harm: true });
      });
    },
    [conversation, app, t, why],
  );
  const retry = (): void => {
    conversation.open().catch((error: unknown) => app.announcer.show(why(error), { harm: true }));
  };
  const seen = useCallback(() => conversation.markRead(), [conversation]);
  const memory = useMemo(() => app.places(conversation.log), [app, conversation]);
  return (
    <MessageActionsContext value={actions}>
      <ConversationHeader conversation={conversation} subject={subject} />
      {subject.kind === 'direct' && (
        <Suspense fallback={null}>
          <MeetingStrip peer={subject.peer} />
        </Suspense>
      )}
      {refused && <Failed reason={refused} retry={retry} />}
      <LateAbove ids={late} log={conversation.log} />
      <Timeline
        label={t('timeline.of', { title })}
        timeline={state.timeline}
        hasOlder={state.has_older}
        loading={state.loading}
        read={read}
        unread={state.unread}
        target={target}
        memory={memory}
        empty={<NothingSaid subject={subject} />}
        loadOlder={loadOlder}
        fill={(gap) => void conversation.fill(gap).catch((e: unknown) => app.announcer.show(why(e), { harm: true }))}
        onSeen={seen}
      />
      <TypingLine users={state.typing} />
      <Foot subject={subject} mayPost={mayPost}>
        <Composer
          place={conversation.log}
          conversation={conversation}
          label={t('composer.to', { title })}
          handle={composer}
          find={actions.find}
          last={actions.lastOwn}
          onSend={actions.send}
          onEdit={actions.saveEdit}
          onTyping={() => conversation.typing()}
        />
      </Foot>
      <Suspense fallback={null}>
        {reported && <ReportDialog log={conversation.log} message={reported} onClose={() => setReported(null)} />}
      </Suspense>
    </MessageActionsContext>
  );
}

/** Longer than it takes to draw what is in view: what can be seen needs no line that leads to it. */
const DRAWN_MS = 300;

/**
 * Messages that came late and were not in view yet. Being at the end marks them as read, though nobody has seen them;
 * they are told of until they were seen.
 */
function useLateAbove(unread: readonly string[]): readonly [ids: readonly string[], seen: (id: string) => void] {
  const [ids, setIds] = useState<readonly string[]>([]);
  const seen = useRef(new Set<string>());
  useEffect(() => {
    const fresh = unread.filter((id) => !seen.current.has(id));
    if (fresh.length === 0) return;
    const add = (before: readonly string[]): readonly string[] => [
      ...before,
      ...fresh.filter((id) => !before.includes(id) && !seen.current.has(id)),
    ];
    // Not taken back when they are read meanwhile: that is what this is for.
    setTimeout(() => setIds(add), DRAWN_MS);
  }, [unread]);
  const see = useCallback((id: string) => {
    seen.current.add(id);
    setIds((before) => (before.includes(id) ? before.filter((other) => other !== id) : before));
  }, []);
  return [ids, see];
}

/** Messages that came late stand where they were written, which may be above what was read: this leads there. */
function LateAbove({ ids, log }: { readonly ids: readonly string[]; readonly log: string }) {
  const { navigator } = useApp();
  const { t } = useLocale();
  const [first] = ids;
  if (first === undefined) return null;
  return (
    <button
      type="button"
      className="late-above"
      onClick={() => navigator.go(talk(log, null, first), { replace: true })}
    >
      <ArrowUp size={16} aria-hidden />
      {t('late.above', { count: ids.length })}
    </button>
  );
}

/** The read mark as it was when the conversation was opened, so that the line above the new stays put. */
function useReadAtOpening(conversation: Conversation): number | null {
  const [read] = useState(() => (conversation.state().unread > 0 ? conversation.state().read : null));
  return read;
}

/** Pages searched for a message before giving up. */
const JUMP_PAGES = 50;

/** Loads older pages until the message is there. Answers its id once it is. */
function useJumpTarget(conversation: Conversation, message: string | null): string | null {
  const { announcer } = useApp();
  const { t, why } = useLocale();
  useEffect(() => {
    if (message === null) return;
    let wanted = true;
    const there = (): boolean => conversation.state().timeline.some((e) => e.kind === 'message' && e.id === message);
    const search = async (): Promise<void> => {
      await conversation.open();
      for (let page = 0; page < JUMP_PAGES && wanted && !there() && conversation.state().has_older; page++)
        await conversation.loadOlder();
      if (wanted && !there()) announcer.show(t('jump.missing'));
    };
    search().catch((error: unknown) => announcer.show(t('failed.load', { reason: why(error) }), { harm: true }));
    return () => {
      wanted = false;
    };
  }, [conversation, message, announcer, t, why]);
  return message;
}

function NothingSaid({ subject }: { readonly subject: ConversationSubject }) {
  const { t } = useLocale();
  const words = {
    channel: t('empty.channel'),
    direct: t('empty.direct', { name: subject.kind === 'direct' ? subject.name : '' }),
    self: t('empty.self'),
  }[subject.kind];
  return (
    <Empty icon={MessagesSquare} title={t('empty.title')}>
      {words}
    </Empty>
  );
}

const NAMED_TYPING = 2;

/** A line of fixed height, so that nothing moves when somebody types. */
function TypingLine({ users }: { readonly users: readonly string[] }) {
  const { t, list } = useLocale();
  const names = useNames(users.slice(0, NAMED_TYPING));
  const words =
    users.length === 0
      ? ''
      : users.length > NAMED_TYPING
        ? t('typing.many')
        : t('typing', { count: users.length, names: list(names) });
  return <p className="typing-line">{words}</p>;
}

interface FootProps {
  readonly subject: ConversationSubject;
  readonly mayPost: boolean;
  readonly children: React.ReactNode;
}

/** The composer, or why there is none and what can be done. */
function Foot({ subject, mayPost, children }: FootProps) {
  const { client, announcer } = useApp();
  const { t, why } = useLocale();
  const [busy, setBusy] = useState(false);
  if (subject.kind !== 'channel' || mayPost) return children;
  const { channel } = subject;
  if (channel.archived) return <p className="foot-note">{t('channel.archived')}</p>;
  if (channel.joined) return <p className="foot-note">{t('channel.read_only')}</p>;
  const join = async (): Promise<void> => {
    setBusy(true);
    try {
      // Kept here and sent when there is a connection; a refusal comes as a conflict.
      await client.own.joinChannel(channel.id);
    } catch (error) {
      announcer.show(t('failed.action', { reason: why(error) }), { harm: true });
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="foot-note">
      <p>{t('channel.not_joined')}</p>
      <button type="button" className="button primary" disabled={busy} onClick={() => void join()}>
        {t('channel.join')}
      </button>
    </div>
  );
}
