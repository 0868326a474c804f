import type { Attachment, Message } from '@konferenco/client';
import { Download, FileText, Music, Play, Video } from 'lucide-react';
import { useState } from 'react';
import { useLocale } from '../../state/app.ts';
import { BrokenFile } from './broken-file.tsx';
import { kindOf } from './loading.ts';
import { Player } from './player.tsx';
import { shownBy, usePicture, usePreview } from './use-files.ts';
import { useSaving } from './use-saving.ts';
import { Viewer } from './viewer.tsx';

/** The files of a message: pictures to be seen, sound and film to be played, others to be saved. */
export function MessageFiles({ message }: { readonly message: Message }) {
  const all = message.attachments ?? [];
  const pictures = all.filter((one) => kindOf(one) === 'image');
  const others = all.filter((one) => kindOf(one) !== 'image');
  const [shown, setShown] = useState<number | null>(null);
  return (
    <div className="files">
      {pictures.length > 0 && (
        <ul className={pictures.length === 1 ? 'pictures one' : 'pictures'}>
          {pictures.map((picture, index) => (
            <li key={picture.id}>
              <Picture picture={picture} isOnly={pictures.length === 1} open={() => setShown(index)} />
            </li>
          ))}
        </ul>
      )}
      {others.map((file) => (
        <FileCard key={file.id} file={file} />
      ))}
      {shown !== null && <Viewer pictures={pictures} first={shown} onClose={() => setShown(null)} />}
    </div>
  );
}

interface PictureProps {
  readonly picture: Attachment;
  readonly isOnly: boolean;
  readonly open: () => void;
}

/** Nothing moves when it comes: its room is that of its size. Its preview is there first; the whole is a tap away. */
function Picture({ picture, isOnly, open }: PictureProps) {
  const { t, bytes } = useLocale();
  const [loaded, load] = usePicture(picture);
  const preview = usePreview(picture);
  const [isBroken, setBroken] = useState(false);
  const { width = 4, height = 3, tint } = picture;
  // Neither a thread nor a tower.
  const ratio = isOnly ? Math.min(3, Math.max(0.5, width / height)) : 1;
  const style = {
    aspectRatio: String(ratio),
    ...(isOnly ? { maxInlineSize: `${Math.round(320 * ratio)}px` } : {}),
    // Only until there is something to be seen, as that may be transparent.
    ...(tint === undefined || preview || loaded.kind === 'here' ? {} : { backgroundColor: `#${tint}` }),
  };
  const name = shownBy(picture);
  const size = bytes(picture.size);
  const asks = loaded.kind === 'asks';
  if (isBroken || (loaded.kind === 'failed' && !preview)) {
    return <BrokenFile file={picture} error={loaded.kind === 'failed' ? loaded.error : null} retry={load} />;
  }
  if (asks && !picture.preview) {
    return (
      <button
        type="button"
        className="picture asks"
        style={style}
        aria-label={t('files.load.name', { name, size })}
        onClick={load}
      >
        <Download size={20} aria-hidden />
        {t('files.load', { size })}
      </button>
    );
  }
  if (loaded.kind === 'loading' && !picture.preview) {
    return (
      <div className="picture" style={style}>
        <progress max={picture.size} value={loaded.bytes} aria-label={t('files.loading', { name })} />
      </div>
    );
  }
  return (
    <button
      type="button"
      className="picture"
      style={style}
      aria-label={asks ? t('files.open.size', { name, size }) : t('files.open', { name })}
      onClick={open}
    >
      {preview && loaded.kind !== 'here' && <img src={preview} alt="" />}
      {loaded.kind === 'here' && <img src={loaded.url} alt={name} onError={() => setBroken(true)} />}
      {asks && (
        <span className="picture-size tabular">
          <Download size={14} aria-hidden />
          {size}
        </span>
      )}
    </button>
  );
}

const ICONS = { audio: Music, video: Video, file: FileText, image: FileText } as const;

/** A file with its name and size, to be played where that is possible, and to be saved. */
function FileCard({ file }: { readonly file: Attachment }) {
  const { t, bytes } = useLocale();
  const kind = kindOf(file);
  const [playing, setPlaying] = useState(false);
  const [saving, save] = useSaving(file);
  const Icon = ICONS[kind];
  const { name } = file;
  const size = bytes(file.size);
  return (
    <div className="file-card">
      <Icon size={24} aria-hidden />
      <div className="file-main">
        <p className="file-name" dir="auto" title={name}>
          {name}
        </p>
        <p className="file-words tabular">{saving === null ? size : t('files.downloading', { percent: saving })}</p>
      </div>
      {(kind === 'audio' || kind === 'video') && !playing && (
        <button
          type="button"
          className="icon-button"
          aria-label={t('files.play', { name, size })}
          title={t('files.play', { name, size })}
          onClick={() => setPlaying(true)}
        >
          <Play size={20} aria-hidden />
        </button>
      )}
      <button
        type="button"
        className="icon-button"
        aria-label={t('files.download', { name, size })}
        title={t('files.download', { name, size })}
        aria-disabled={saving !== null}
        onClick={save}
      >
        <Download size={20} aria-hidden />
      </button>
      {playing && (kind === 'audio' || kind === 'video') && <Player file={file} kind={kind} />}
    </div>
  );
}
