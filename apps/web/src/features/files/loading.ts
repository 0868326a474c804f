import type { Attachment } from '@konferenco/client';

/** What is loaded by itself, in bytes: of a picture without a preview on a link that costs or is slow, and of others on any other. */
const CAREFUL_BYTES = 1_048_576;
const FREE_BYTES = 20_971_520;

interface Connection {
  readonly saveData?: boolean;
  readonly effectiveType?: string;
  readonly type?: string;
}

/**
 * Whether a picture is fetched as a whole without being asked for. With a preview there is something to be seen, so less is;
 * nothing where the person, here or in the browser, wants data saved.
 */
export function loadsByItself(
  { size, preview }: Pick<Attachment, 'size' | 'preview'>,
  connection: Connection | undefined,
  savesData: boolean,
): boolean {
  const { saveData, effectiveType = '4g', type } = connection ?? {};
  if (savesData || saveData === true) return false;
  const isCareful = effectiveType !== '4g' || type === 'cellular';
  if (isCareful) return !preview && size <= CAREFUL_BYTES;
  return size <= (preview ? CAREFUL_BYTES : FREE_BYTES);
}

export type FileKind = 'image' | 'audio' | 'video' | 'file';

const SHOWN = /^image\/(png|jpeg|gif|webp|avif)$/;
const PLAYED = /^(audio|video)\/(mpeg|mp4|aac|ogg|webm|wav|flac)$/;

/** How a file is shown: as what browsers show or play by themselves, or as a file. */
export function kindOf({ type }: Pick<Attachment, 'type'>): FileKind {
  if (SHOWN.test(type)) return 'image';
  return (PLAYED.exec(type)?.[1] as FileKind | undefined) ?? 'file';
}

/** Larger files are not read into memory to be saved: the browser saves them from their address. */
export const IN_MEMORY_BYTES = 104_857_600;
