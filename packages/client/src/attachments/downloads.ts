import type { Attachment } from '@konferenco/protocol';
import { asError, clientError } from '../errors.ts';
import { serverError } from '../server-errors.ts';
import type { Environment, Rest } from '../types.ts';
import type { FileStore } from './file-store.ts';
import { type KeptFiles, keptPreview } from './kept-files.ts';
import type { FetchOptions } from './types.ts';

/**
 * Types that a browser shows or plays without running anything of the file's. Any other file is given without its type, so
 * that an address made for it (`URL.createObjectURL`) is never taken for a page of this program's.
 */
const SHOWN = /^(image\/(png|jpeg|gif|webp|avif)|audio\/(mpeg|mp4|aac|ogg|webm|wav|flac)|video\/(mp4|webm|ogg))$/;

function shownAs(type: string): string {
  return SHOWN.test(type) ? type : 'application/octet-stream';
}

export interface DownloadsOptions {
  readonly rest: Rest;
  readonly environment: Pick<Environment, 'fetch'>;
  readonly files: FileStore;
  readonly kept: KeptFiles;
}

/** Fetches the bytes of files in messages. */
export class Downloads {
  readonly #options: DownloadsOptions;

  constructor(options: DownloadsOptions) {
    this.#options = options;
  }

  async link({ id }: Attachment, signal?: AbortSignal): Promise<{ readonly url: string; readonly expires_at: number }> {
    const { url, expires_at } = await this.#options.rest('attachment', {
      params: { attachment: id },
      ...(signal ? { signal } : {}),
    });
    return { url, expires_at };
  }

  async fetch(attachment: Attachment, options: FetchOptions = {}): Promise<Blob> {
    const { kept } = this.#options;
    // What cannot be read here comes from the server.
    const here = await kept.get(attachment.id).catch(() => undefined);
    if (here?.size === attachment.size) return here.slice(0, here.size, shownAs(attachment.type));
    const blob = await this.#download(attachment, options);
    await this.#keep(attachment.id, blob);
    return blob;
  }

  async preview({ id }: Attachment, signal?: AbortSignal): Promise<Blob> {
    const { rest, kept } = this.#options;
    const here = await kept.get(keptPreview(id)).catch(() => undefined);
    if (here) return here;
    const { type, bytes } = await rest('preview', { params: { attachment: id }, ...(signal ? { signal } : {}) });
    const blob = new Blob([Uint8Array.from(atob(bytes), (char) => char.charCodeAt(0))], { type });
    await this.#keep(keptPreview(id), blob);
    return blob;
  }

  /** Without room, or with a store that fails, it is only not kept. */
  async #keep(id: string, blob: Blob): Promise<void> {
    const { files, kept } = this.#options;
    await kept
      .keeping(id, blob)
      .then((changes) => files.write(changes))
      .catch(() => undefined);
  }

  async #download(attachment: Attachment, options: FetchOptions): Promise<Blob> {
    const { url } = await this.link(attachment, options.signal);
    try {
      const response = await this.#options.environment.fetch(url, options.signal ? { signal: options.signal } : {});
      if (!response.ok) throw response.status === 404 ? serverError('not_found') : clientError('network');
      const pieces = await piecesOf(response, options.onProgress);
      const blob = new Blob(pieces, { type: shownAs(attachment.type) });
      if (blob.size !== attachment.size) throw clientError('disconnected');
      return blob;
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw asError(error);
    }
  }
}

async function piecesOf(response: Response, onProgress?: (bytes: number) => void): Promise<BlobPart[]> {
  const reader = response.body?.getReader();
  if (!reader) return [await response.arrayBuffer()];
  const pieces: BlobPart[] = [];
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return pieces;
    pieces.push(value);
    bytes += value.length;
    onProgress?.(bytes);
  }
}
