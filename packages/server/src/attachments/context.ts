import type { ObjectStore } from '@konferenco/core';
import type { Context } from '../accounts/context.ts';
import type { AttachmentMetrics } from './metrics.ts';

export interface AttachmentOptions {
  /** Largest file, in bytes. */
  readonly max_bytes: number;
  /** Media types that are taken, `image/*` for all of a family; none: all. */
  readonly types: readonly string[];
  /** Bytes one person may upload in a day (UTC). */
  readonly daily_bytes: number;
}

/** What uploads and attachments work with. */
export interface AttachmentContext extends Context {
  readonly objects: ObjectStore;
  readonly options: AttachmentOptions;
  readonly metrics: AttachmentMetrics;
}
