import type { Conflict } from '@konferenco/client';
import { TriangleAlert, X } from 'lucide-react';
import { programme as to, type Route } from '../../router.ts';
import { type App, useApp, useEvent, useLocale, useName, useStore } from '../../state/app.ts';
import { IconButton } from '../../ui/parts.tsx';

/** Cards shown at once; the others follow as these are closed. */
const SHOWN = 3;

/** What happened to something written here because somebody else wrote too, and what can be done. They stay until they are closed. */
export function Conflicts() {
  const { conflicts } = useApp();
  const told = useStore(conflicts);
  return (
    <div role="status" className="conflicts">
      {told.slice(0, SHOWN).map(({ id, conflict }) => (
        <ConflictCard key={id} conflict={conflict} close={() => conflicts.dismiss(id)} />
      ))}
    </div>
  );
}

function ConflictCard({ conflict, close }: { readonly conflict: Conflict; readonly close: () => void }) {
  const { navigator } = useApp();
  const { t } = useLocale();
  const words = useConflictWords(conflict);
  const route = routeOf(conflict);
  return (
    <div className="notice needs">
      <TriangleAlert size={18} aria-hidden />
      <p>{words}</p>
      {route && (
        <button
          type="button"
          className="button quiet"
          onClick={() => {
            navigator.go(route);
            close();
          }}
        >
          {conflict.kind === 'accept_again' ? t('conflict.answer') : t('conflict.show')}
        </button>
      )}
      <IconButton label={t('close')} icon={X} size={18} onClick={close} />
    </div>
  );
}

function useConflictWords(conflict: Conflict): string {
  const app = useApp();
  const { t, why } = useLocale();
  const what = useDocumentWords();
  const meetings = useStore(app.client.meetings).items;
  const channels = useStore(app.venue.channels).value;
  const who =
    conflict.kind === 'overridden'
      ? conflict.by
      : conflict.kind === 'accept_again'
        ? (meetings.find((m) => m.id === conflict.meeting)?.with ?? '')
        : '';
  const name = useName(who);
  switch (conflict.kind) {
    case 'overridden':
      return t('conflict.overridden', { name, what: what(conflict.document) });
    case 'accept_again':
      return t('conflict.accept_again', { name });
    case 'removed':
      return t('conflict.removed', {
        channel: channels?.find((c) => c.id === conflict.channel)?.title ?? conflict.channel,
      });
    case 'refused':
      return t('conflict.refused', { what: what(conflict.document), reason: why(conflict.error) });
  }
}

/** What a document is, in words. */
function useDocumentWords(): (document: string) => string {
  const app = useApp();
  const { t } = useLocale();
  const event = useEvent()?.id;
  return (document) => {
    const [kind = '', id = ''] = document.split('/');
    switch (kind) {
      case 'session': {
        const title = titleOfSession(app, event, id);
        return title === null ? t('what.other') : t('what.session', { title });
      }
      case 'meeting':
      case 'notes': {
        const title = app.client.meetings.state().items.find((m) => m.id === id)?.title;
        return title === undefined ? t('what.other') : t('what.meeting', { title });
      }
      case 'favourites':
      case 'attending':
      case 'blocked':
      case 'channels':
      case 'profile':
      case 'settings':
        return t(`what.${kind}`);
      default:
        return t('what.other');
    }
  };
}

function titleOfSession({ client }: App, event: string | undefined, id: string): string | null {
  if (event === undefined) return null;
  return (
    client
      .programme(event)
      .state()
      .sessions.find((s) => s.id === id)?.title ?? null
  );
}

/** Where the person can see or mend it; `null`: nowhere. */
function routeOf(conflict: Conflict): Route | null {
  if (conflict.kind === 'accept_again') return { name: 'meeting', meeting: conflict.meeting };
  if (conflict.kind === 'removed') return null;
  const [kind, id] = conflict.document.split('/');
  if (kind === 'session' && id !== undefined) return to(id);
  if ((kind === 'meeting' || kind === 'notes') && id !== undefined) return { name: 'meeting', meeting: id };
  if (kind === 'profile' || kind === 'settings' || kind === 'blocked') return { name: 'me', section: null };
  return kind === 'favourites' || kind === 'attending' ? to(null, true) : null;
}
