import type { Conflict, ToldConflict } from '@konferenco/client';
import { TriangleAlert, X } from 'lucide-react';
import { useId, useRef } from 'react';
import { programme as to, type Route } from '../../router.ts';
import { useApp, useLocale, useStore } from '../../state/app.ts';
import { IconButton } from '../../ui/parts.tsx';
import { useConflictWords } from './conflict-words.ts';
import { focusContent } from './focus-content.ts';

/** Cards shown at once; the others follow as these are closed. */
const SHOWN = 3;

/** What happened to something written here because somebody else wrote too, and what can be done. They stay until they are closed. */
export function Conflicts() {
  const { client } = useApp();
  const told = useStore(client.conflicts);
  const list = useRef<HTMLDivElement>(null);
  /** A card goes with the button that was pressed: the next one takes the focus, or what the page is about. */
  const goOn = (gone: HTMLElement | null): void => {
    const others = [...(list.current?.children ?? [])].filter((card) => card !== gone);
    const next = others[0]?.querySelector('button');
    if (next) next.focus();
    else focusContent();
  };
  return (
    <div role="status" className="conflicts" ref={list}>
      {told.slice(0, SHOWN).map((one) => (
        <ConflictCard key={one.id} told={one} goOn={goOn} />
      ))}
    </div>
  );
}

function ConflictCard({
  told: { id, conflict },
  goOn,
}: {
  readonly told: ToldConflict;
  /** This card is about to go, and the focus with it. */
  readonly goOn: (card: HTMLElement | null) => void;
}) {
  const { client, navigator, announcer } = useApp();
  const { t, why } = useLocale();
  const words = useConflictWords(conflict);
  const wordsId = useId();
  const card = useRef<HTMLDivElement>(null);
  const route = routeOf(conflict);
  const failed = (error: unknown): void => announcer.show(t('failed.action', { reason: why(error) }), { harm: true });
  const close = (): Promise<void> => client.conflicts.dismiss(id).catch(failed);
  const takeBack = async (): Promise<void> => {
    try {
      await client.conflicts.restoreMine(id);
      announcer.show(t('conflict.used'));
      goOn(card.current);
    } catch (error) {
      failed(error);
    }
  };
  return (
    <div className="notice needs" ref={card}>
      <TriangleAlert size={18} aria-hidden />
      <p id={wordsId}>{words}</p>
      <div className="choices">
        {conflict.kind === 'overridden' && (
          <button type="button" className="button quiet" aria-describedby={wordsId} onClick={() => void takeBack()}>
            {t('conflict.use_mine')}
          </button>
        )}
        {route && (
          <button
            type="button"
            className="button quiet"
            aria-describedby={wordsId}
            onClick={() => {
              navigator.go(route);
              void close();
            }}
          >
            {conflict.kind === 'accept_again' ? t('conflict.answer') : t('conflict.show')}
          </button>
        )}
      </div>
      <IconButton label={t('close')} icon={X} size={18} onClick={() => void close().then(() => goOn(card.current))} />
    </div>
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
