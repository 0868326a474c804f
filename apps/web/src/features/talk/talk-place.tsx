import { MessagesSquare } from 'lucide-react';
import { lazy, Suspense } from 'react';
import type { Panel } from '../../router.ts';
import { useApp, useLocale, useStore } from '../../state/app.ts';
import { Empty, Loading } from '../../ui/parts.tsx';
import { ConversationList } from './conversation-list.tsx';
import { ConversationView } from './conversation-view.tsx';
import { useConversation } from './use-subject.ts';

const AboutPanel = lazy(() => import('../later.ts').then((m) => ({ default: m.AboutPanel })));
const ThreadPanel = lazy(() => import('../later.ts').then((m) => ({ default: m.ThreadPanel })));

interface TalkPlaceProps {
  readonly log: string | null;
  readonly panel: Panel | null;
  readonly message: string | null;
}

/** The list, the conversation and, on demand, what stands beside it. Narrow screens show the last of them. */
export function TalkPlace({ log, panel, message }: TalkPlaceProps) {
  const { t } = useLocale();
  return (
    <main className="place talk-place" id="main" data-depth={log === null ? 0 : panel === null ? 1 : 2}>
      <section className="list-column" aria-label={t('conversations')}>
        <ConversationList />
      </section>
      <div className="main-column" id="content" tabIndex={-1}>
        {log === null ? <Choose /> : <ConversationView log={log} message={message} />}
      </div>
      {log !== null && panel !== null && <Side log={log} panel={panel} />}
    </main>
  );
}

function Choose() {
  const { client, overlay } = useApp();
  const { t } = useLocale();
  // Without any conversation the list says what to do.
  if (useStore(client.conversations).items.length === 0) return null;
  return (
    <Empty
      icon={MessagesSquare}
      title={t('talk.choose')}
      action={
        <button type="button" className="button" onClick={() => overlay.set('palette')}>
          {t('palette.open')}
        </button>
      }
    >
      {t('talk.choose.words')}
    </Empty>
  );
}

function Side({ log, panel }: { readonly log: string; readonly panel: Panel }) {
  const { t } = useLocale();
  const conversation = useConversation(log);
  if (conversation === null) return null;
  return (
    <section className="side-column" aria-label={panel.kind === 'thread' ? t('thread') : t('about')}>
      <Suspense fallback={<Loading />}>
        {panel.kind === 'thread' ? (
          <ThreadPanel key={panel.root} conversation={conversation} root={panel.root} />
        ) : (
          <AboutPanel conversation={conversation} />
        )}
      </Suspense>
    </section>
  );
}
