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
  const { client, files, preferences } = useApp();
  const { saveData } = useStore(preferences);
  const { id } = attachment;
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
      const comes = asked > 0 || loadsByItself(wanted.current, connection(), saveData);
      if (!comes && !(await attachments.has(id))) return tell({ kind: 'asks' });
      tell({ kind: 'loading', bytes: 0 });
      const onProgress = (bytes: number): void => tell({ kind: 'loading', bytes });
      try {
        const blob = await attachments.fetch(wanted.current, { signal: gone.signal, onProgress });
        if (gone.signal.aborted) return;
        url = URL.createObjectURL(blob);
        tell({ kind: 'here', url });
      } catch (error) {
        const { error: name } = error as { readonly error?: unknown };
        if (name !== 'network' || client.link.kind !== 'online') throw error;
        // A storage that lets no script fetch from it may still show a picture.
        tell({ kind: 'here', url: (await attachments.link(wanted.current)).url });
      }
    };
    files
      .open()
      .then(run)
      .catch((error: unknown) => tell({ kind: 'failed', error }));
    return () => {
      gone.abort();
      if (url !== null) URL.revokeObjectURL(url);
    };
  }, [client, files, id, saveData, asked]);
  return [loaded, () => setAsked((count) => count + 1)];
}

/** An address for the preview of a picture that has one, once it is here; without it the picture's room shows its colour. */
export function usePreview(attachment: Attachment): string | null {
  const { files } = useApp();
  const { id, preview } = attachment;
  const [url, setUrl] = useState<string | null>(null);
  const wanted = useRef(attachment);
  wanted.current = attachment;
  // biome-ignore lint/correctness/useExhaustiveDependencies: which file is wanted is what `id` says
  useEffect(() => {
    if (!preview) return;
    const gone = new AbortController();
    let made: string | null = null;
    files
      .open()
      .then((attachments) => attachments.preview(wanted.current, gone.signal))
      .then((blob) => {
        if (gone.signal.aborted) return;
        made = URL.createObjectURL(blob);
        setUrl(made);
      })
      // The picture itself tells what is wrong, to whoever opens it.
      .catch(() => {});
    return () => {
      gone.abort();
      if (made !== null) URL.revokeObjectURL(made);
    };
  }, [files, id, preview]);
  return url;
}

/** What a picture shows: its sender's words, else its name. */
export function shownBy({ alt, name }: Pick<Attachment, 'alt' | 'name'>): string {
  return alt ?? name;
}

function connection(): Parameters<typeof loadsByItself>[1] {
  return (navigator as { readonly connection?: Parameters<typeof loadsByItself>[1] }).connection;
}
