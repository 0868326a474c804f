import type { Attachment } from '@konferenco/client';

/** What is loaded by itself on a link that costs or is slow, and on any other. Bytes. */
const CAREFUL_BYTES = 1_048_576;
const FREE_BYTES = 20_971_520;

interface Connection {
  readonly saveData?: boolean;
  readonly effectiveType?: string;
  readonly type?: string;
}

/** Whether a picture of `size` bytes is fetched without being asked for. */
export function loadsByItself(size: number, connection: Connection | undefined): boolean {
  const { saveData, effectiveType = '4g', type } = connection ?? {};
  const isCareful = saveData === true || effectiveType !== '4g' || type === 'cellular';
  return size <= (isCareful ? CAREFUL_BYTES : FREE_BYTES);
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
