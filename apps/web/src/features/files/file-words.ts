import type { Outgoing } from '@konferenco/client/attachments';
import type { Locale } from '../../i18n/locale.ts';

/** How much of a message's files is on the server, as a whole number of percent; 100 only when all of it is. */
export function percentOf({ files }: Pick<Outgoing, 'files'>): number {
  const size = files.reduce((sum, file) => sum + file.size, 0);
  const sent = files.reduce((sum, file) => sum + file.sent, 0);
  return size === 0 ? 0 : Math.floor((sent / size) * 100);
}

/** Where a message's files are, in words. */
export function outgoingWords(outgoing: Pick<Outgoing, 'files' | 'state'>, locale: Locale): string {
  const { t } = locale;
  const { state, files } = outgoing;
  const size = locale.bytes(files.reduce((sum, file) => sum + file.size, 0));
  const percent = percentOf(outgoing);
  switch (state.kind) {
    case 'waiting':
      if (state.why === 'error')
        return t('files.state.again', { reason: locale.why(state.error), time: locale.clock(state.retry_at) });
      return t(state.why === 'link' ? 'files.state.link' : 'files.state.turn');
    case 'uploading':
    case 'sending':
      return t('files.state.uploading', { percent, size });
    case 'paused':
      return t('files.state.paused', { percent, size });
    case 'failed':
      return files.length > 1 && state.file !== undefined
        ? t('files.state.failed.file', { name: state.file, reason: locale.why(state.error) })
        : t('files.state.failed', { reason: locale.why(state.error) });
  }
}
