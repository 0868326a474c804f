import type { Attachment } from '@konferenco/client';
import type { Attachments, Outgoing } from '@konferenco/client/attachments';
import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import { useApp, useStore } from '../../state/app.ts';
import { loadsByItself } from './loading.ts';

const NONE: readonly Outgoing[] = [];
const nothing = (): void => {};

/** All messages with files on their way. */
export function useAllOutgoing(): readonly Outgoing[] {
  const attachments = useStore(useApp().files.now);
  return useSyncExternalStore(
    useCallback((fn: () => void) => attachments?.outgoing.subscribe(fn) ?? nothing, [attachments]),
    () => attachments?.outgoing.state() ?? NONE,
  );
}

/** Those in one conversation, or in one of its threads. */
export function useOutgoing(log: string, thread: string | undefined): readonly Outgoing[] {
  const all = useAllOutgoing();
  return useMemo(
    // In the outbox it stands in the conversation.
    () => all.filter((one) => one.log === log && one.thread === thread && one.state.kind !== 'sending'),
    [all, log, thread],
  );
}

/** Where the bytes of a file in a message are. */
export type Loaded =
  | { readonly kind: 'asks' }
  | { readonly kind: 'loading'; readonly bytes: number }
  | { readonly kind: 'here'; readonly url: string }
  | { readonly kind: 'failed'; readonly error: unknown };

/** The bytes of a picture, fetched `atOnce` or where that costs nothing, else when `load` is called. */
export function usePicture(attachment: Attachment, atOnce = false): readonly [loaded: Loaded, load: () => void] {
  const { files } = useApp();
  const { id, size } = attachment;
  const [loaded, setLoaded] = useState<Loaded>({ kind: 'loading', bytes: 0 });
  const [asked, setAsked] = useState(atOnce ? 1 : 0);
  // The object of a message changes with each change of it; its file does not.
  const wanted = useRef(attachment);
  wanted.current = attachment;
  useEffect(() => {
    const gone = new AbortController();
    let url: string | null = null;
    const tell = (next: Loaded): void => {
      if (!gone.signal.aborted) setLoaded(next);
    };
    const run = async (attachments: Attachments): Promise<void> => {
      if (asked === 0 && !loadsByItself(size, connection()) && !(await attachments.has(id)))
        return tell({ kind: 'asks' });
      tell({ kind: 'loading', bytes: 0 });
      const onProgress = (bytes: number): void => tell({ kind: 'loading', bytes });
      const blob = await attachments.fetch(wanted.current, { signal: gone.signal, onProgress });
      if (gone.signal.aborted) return;
      url = URL.createObjectURL(blob);
      tell({ kind: 'here', url });
    };
    files
      .open()
      .then(run)
      .catch((error: unknown) => tell({ kind: 'failed', error }));
    return () => {
      gone.abort();
      if (url !== null) URL.revokeObjectURL(url);
    };
  }, [files, id, size, asked]);
  return [loaded, () => setAsked((count) => count + 1)];
}

function connection(): Parameters<typeof loadsByItself>[1] {
  return (navigator as { readonly connection?: Parameters<typeof loadsByItself>[1] }).connection;
}
