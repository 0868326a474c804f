import type { Attachment } from '@konferenco/client';
import { ChevronLeft, ChevronRight, Download, X } from 'lucide-react';
import { useState } from 'react';
import { useLocale } from '../../state/app.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { IconButton } from '../../ui/parts.tsx';
import { BrokenFile } from './broken-file.tsx';
import { shownBy, usePicture, usePreview } from './use-files.ts';
import { useSaving } from './use-saving.ts';

interface ViewerProps {
  readonly pictures: readonly Attachment[];
  /** Which one is shown at first. */
  readonly first: number;
  readonly onClose: () => void;
}

/** Pictures of one message, as large as the window. Arrow keys go through them, Escape closes. */
export function Viewer({ pictures, first, onClose }: ViewerProps) {
  const { t } = useLocale();
  const [index, setIndex] = useState(first);
  const picture = pictures[index];
  if (!picture) return null;
  const words = t('files.viewer', { position: index + 1, count: pictures.length, name: picture.name });
  const go = (step: number): void => setIndex((at) => (at + step + pictures.length) % pictures.length);
  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.key !== 'ArrowRight' && event.key !== 'ArrowLeft') return;
    event.preventDefault();
    event.stopPropagation();
    const isForward = (event.key === 'ArrowRight') === (document.dir !== 'rtl');
    if (pictures.length > 1) go(isForward ? 1 : -1);
  };
  return (
    <Dialog title={words} bare className="viewer" onClose={onClose}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: it listens to keys of the buttons inside */}
      <div className="viewer-body" onKeyDown={onKeyDown}>
        <header className="viewer-head">
          <p className="viewer-words" aria-live="polite">
            {words}
          </p>
          <SaveButton picture={picture} />
          <button
            type="button"
            className="icon-button"
            data-autofocus
            aria-label={t('close')}
            title={t('close')}
            onClick={onClose}
          >
            <X size={20} aria-hidden />
          </button>
        </header>
        <Large key={picture.id} picture={picture} />
        {picture.alt !== undefined && (
          <p className="viewer-alt" dir="auto">
            {picture.alt}
          </p>
        )}
        {pictures.length > 1 && (
          <div className="viewer-steps">
            <IconButton label={t('files.previous')} icon={ChevronLeft} size={28} onClick={() => go(-1)} />
            <IconButton label={t('files.next')} icon={ChevronRight} size={28} onClick={() => go(1)} />
          </div>
        )}
      </div>
    </Dialog>
  );
}

function Large({ picture }: { readonly picture: Attachment }) {
  const { t } = useLocale();
  const [loaded, load] = usePicture(picture, true);
  const preview = usePreview(picture);
  const [isBroken, setBroken] = useState(false);
  if (loaded.kind === 'failed' || isBroken)
    return <BrokenFile file={picture} error={loaded.kind === 'failed' ? loaded.error : null} retry={load} />;
  return (
    <div className="viewer-picture">
      {loaded.kind === 'here' ? (
        <img src={loaded.url} alt={shownBy(picture)} onError={() => setBroken(true)} />
      ) : (
        <div className="viewer-coming">
          {preview && <img src={preview} alt="" style={roomOf(picture)} />}
          <progress
            max={picture.size}
            value={loaded.kind === 'loading' ? loaded.bytes : 0}
            aria-label={t('files.loading', { name: shownBy(picture) })}
          />
        </div>
      )}
    </div>
  );
}

/** The room that the whole picture takes, so that nothing jumps when it is there. */
function roomOf({ width, height }: Attachment): React.CSSProperties {
  return width && height ? { aspectRatio: `${width} / ${height}`, inlineSize: `${width}px` } : {};
}

function SaveButton({ picture }: { readonly picture: Attachment }) {
  const { t, bytes } = useLocale();
  const [, save] = useSaving(picture);
  const label = t('files.download', { name: picture.name, size: bytes(picture.size) });
  return <IconButton label={label} icon={Download} onClick={save} />;
}
