import type { Conversation, Message, TimelineEntry } from '@konferenco/client';
import { useThread } from '@konferenco/client/react';
import { X } from 'lucide-react';
import { useCallback, useMemo, useRef, useState } from 'react';
import { talk } from '../../router.ts';
import { useApp, useLocale, useStore } from '../../state/app.ts';
import { Link } from '../../ui/parts.tsx';
import { Composer, type ComposerHandle } from './composer.tsx';
import { ReportDialog } from './report-dialog.tsx';
import { MessageActionsContext } from './talk-context.tsx';
import { Timeline } from './timeline.tsx';
import { useMessageTools } from './use-message-tools.ts';
import { useChannel } from './use-subject.ts';

/** A message and what was answered to it, beside the conversation or over it on a phone. */
export function ThreadPanel({ conversation, root }: { readonly conversation: Conversation; readonly root: string }) {
  const { announcer } = useApp();
  const { t, why } = useLocale();
  const { state, refused } = useThread(conversation, root);
  const { timeline, loading } = state;
  const main = useStore(conversation).timeline;
  const [reported, setReported] = useState<Message | null>(null);
  const composer = useRef<ComposerHandle | null>(null);
  const entries = useMemo((): readonly TimelineEntry[] => {
    const first = main.find((e) => e.kind === 'message' && e.id === root);
    const has = timeline.some((e) => e.kind === 'message' && e.id === root);
    return first && !has ? [first, ...timeline] : timeline;
  }, [main, timeline, root]);
  const channel = useChannel(conversation.log);
  const mayPost = channel === null || (channel.may_post && channel.joined && !channel.archived);
  const actions = useMessageTools({ conversation, mayPost, composer, thread: root, report: setReported });
  const nothing = useCallback(() => {}, []);
  return (
    <MessageActionsContext value={actions}>
      <header className="panel-head">
        <h2 tabIndex={-1} data-heading>
          {t('thread')}
        </h2>
        <Link to={talk(conversation.log)} up className="icon-button" label={t('thread.close')}>
          <X size={20} aria-hidden />
        </Link>
      </header>
      {refused && (
        <p className="error" role="alert">
          {t('failed.load', { reason: why(refused) })}
        </p>
      )}
      <Timeline
        label={t('thread')}
        timeline={entries}
        hasOlder={null}
        loading={loading}
        read={null}
        unread={0}
        target={null}
        empty={null}
        loadOlder={nothing}
        fill={(gap) => void conversation.fill(gap).catch((e: unknown) => announcer.show(why(e), { harm: true }))}
        onSeen={nothing}
      />
      {mayPost && (
        <Composer
          place={`${conversation.log}/${root}`}
          conversation={conversation}
          thread={root}
          label={t('thread.reply')}
          handle={composer}
          find={actions.find}
          last={actions.lastOwn}
          onSend={actions.send}
          onEdit={actions.saveEdit}
          onTyping={() => conversation.typing()}
        />
      )}
      {reported && <ReportDialog log={conversation.log} message={reported} onClose={() => setReported(null)} />}
    </MessageActionsContext>
  );
}
