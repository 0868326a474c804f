import type { Attachment } from '@konferenco/client';
import { useEffect, useRef, useState } from 'react';
import { useApp } from '../../state/app.ts';
import { BrokenFile } from './broken-file.tsx';

interface PlayerProps {
  readonly file: Attachment;
  readonly kind: 'audio' | 'video';
}

/** Tries in a row by which nothing was played. */
const TRIES = 3;

/**
 * Plays a file from this device where it is kept, else from an address of the server's. That one ends after some minutes:
 * then it goes on from another, at the same place.
 */
export function Player({ file, kind }: PlayerProps) {
  const { files } = useApp();
  const [url, setUrl] = useState<string | null>(null);
  const [error, setError] = useState<{ readonly why: unknown } | null>(null);
  const [tries, setTries] = useState(0);
  const at = useRef(0);
  const wanted = useRef(file);
  wanted.current = file;
  const { id } = file;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another try is what `tries` counts
  useEffect(() => {
    let isHere = true;
    let made: string | null = null;
    const find = async (): Promise<string> => {
      const attachments = await files.open();
      if (!(await attachments.has(id))) return (await attachments.link(wanted.current)).url;
      made = URL.createObjectURL(await attachments.fetch(wanted.current));
      return made;
    };
    find().then(
      (found) => isHere && setUrl(found),
      (why: unknown) => isHere && setError({ why }),
    );
    return () => {
      isHere = false;
      if (made !== null) URL.revokeObjectURL(made);
    };
  }, [files, id, tries]);
  const again = (): void => {
    setError(null);
    setTries((count) => count + 1);
  };
  if (error) return <BrokenFile file={file} error={error.why} retry={again} />;
  if (url === null) return null;
  const media = {
    src: url,
    controls: true,
    preload: 'none',
    autoPlay: true,
    'aria-label': file.name,
    onLoadedMetadata: (event: React.SyntheticEvent<HTMLMediaElement>) => {
      if (at.current > 0) event.currentTarget.currentTime = at.current;
    },
    onTimeUpdate: (event: React.SyntheticEvent<HTMLMediaElement>) => {
      at.current = event.currentTarget.currentTime;
    },
    onError: () => (tries < TRIES ? again() : setError({ why: null })),
  } as const;
  if (kind === 'audio') {
    return <audio className="player" {...media} />;
  }
  return <video className="player" playsInline {...media} />;
}
