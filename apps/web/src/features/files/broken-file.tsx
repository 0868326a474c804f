import type { Attachment } from '@konferenco/client';
import { ImageOff } from 'lucide-react';
import { useLocale } from '../../state/app.ts';

interface BrokenFileProps {
  readonly file: Attachment;
  /** `null`: the bytes are here, and are no picture. */
  readonly error: unknown;
  readonly retry: () => void;
}

/** A file that is not to be had, and what can be done. */
export function BrokenFile({ file, error, retry }: BrokenFileProps) {
  const { t, why } = useLocale();
  const isGone = (error as { readonly error?: unknown } | null)?.error === 'not_found';
  const reason = error === null ? t('files.unreadable_picture') : why(error);
  return (
    <div className="file-card broken">
      <ImageOff size={20} aria-hidden />
      <div className="file-main">
        <p className="file-name" dir="auto">
          {file.name}
        </p>
        <p className="file-words">{isGone ? t('files.gone') : t('files.broken', { reason })}</p>
      </div>
      {!isGone && error !== null && (
        <button type="button" className="button quiet" onClick={retry}>
          {t('retry')}
        </button>
      )}
    </div>
  );
}
