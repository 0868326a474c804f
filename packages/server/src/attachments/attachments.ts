import {
  type Attachment,
  type AttachmentLink,
  type AttachmentPreview,
  type AttachmentRules,
  LIMITS,
  type Upload,
} from '@konferenco/protocol';
import { listPage } from '../accounts/records.ts';
import { Refused } from '../accounts/refused.ts';
import { completeUpload } from './complete.ts';
import type { AttachmentContext } from './context.ts';
import { endAttachment } from './janitor.ts';
import { servedAs } from './media-type.ts';
import { mayReadAttachment } from './permission.ts';
import { putPreview, readPreview } from './preview.ts';
import { ATTACHMENT_USES, attachmentObject } from './records.ts';
import { Slots } from './slots.ts';
import { type Chunk, createUpload, dropUpload, type NewUpload, own, putChunk, uploadState } from './uploads.ts';
import { descriptorOf } from './views.ts';

/** Files being put together and read back at the same time on this node: each takes a few MB of memory and the disk. */
const COMPLETING = 4;
/** Those that wait for it; more are told to come again. */
const WAITING = 200;

/** Uploads and downloads of one node. Each method throws {@link Refused}, `ObjectsUnavailableError` or `StoreUnavailableError`. */
export class Attachments {
  readonly context: AttachmentContext;
  readonly #completing = new Slots(COMPLETING, WAITING);

  constructor(context: AttachmentContext) {
    this.context = context;
  }

  /** What this server takes. */
  get rules(): AttachmentRules {
    const { max_bytes, types } = this.context.options;
    return { max_bytes, types: [...types] };
  }

  create(user: string, request: NewUpload): Promise<Upload> {
    return createUpload(this.context, user, request);
  }

  state(user: string, id: string): Promise<Upload> {
    return uploadState(this.context, user, id);
  }

  putChunk(user: string, id: string, chunk: Chunk): Promise<Upload> {
    return putChunk(this.context, user, id, chunk);
  }

  async complete(user: string, id: string): Promise<Attachment> {
    // Known at once: a repeat does not wait behind other people's files.
    const { attachment } = await own(this.context, user, id);
    return attachment
      ? descriptorOf(id, attachment)
      : this.#completing.run(() => completeUpload(this.context, user, id));
  }

  /** Keeps a small picture of a file that no message carries yet. */
  putPreview(user: string, id: string, bytes: Uint8Array): Promise<Attachment> {
    return putPreview(this.context, user, id, bytes);
  }

  preview(user: string, id: string): Promise<AttachmentPreview> {
    return readPreview(this.context, user, id);
  }

  /** Gives up an upload, or a file that no message carries. @throws {Refused} `not_found`; `conflict` when one does */
  async cancel(user: string, id: string): Promise<void> {
    const { upload } = await own(this.context, user, id);
    if (upload) await dropUpload(this.context, id, user);
    else await this.#cancelCompleted(id);
    this.context.metrics.upload('cancelled');
  }

  /** An address for the bytes of an attachment that `user` may read. It may be a path of this server's. */
  async link(user: string, id: string): Promise<AttachmentLink> {
    const { objects, clock, metrics } = this.context;
    const reading = await mayReadAttachment(this.context, user, id);
    if (!reading.ok) throw new Refused(reading.error);
    const expires_in_s = LIMITS.attachment_link_ms / 1000;
    const url = await objects.link(attachmentObject(id), { expires_in_s, ...servedAs(reading.record) });
    metrics.link();
    return { attachment: descriptorOf(id, reading.record), url, expires_at: clock.now() + LIMITS.attachment_link_ms };
  }

  async #cancelCompleted(id: string): Promise<void> {
    const { store } = this.context;
    const uses = await listPage(store, ATTACHMENT_USES, `${id}/`, { limit: 1 });
    if (uses.length > 0) throw new Refused('conflict', { detail: 'A message carries this file: delete the message.' });
    await endAttachment(this.context, id, 'released');
  }
}
