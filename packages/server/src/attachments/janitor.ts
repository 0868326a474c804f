import type { Clock } from '@konferenco/core';
import { LIMITS } from '@konferenco/protocol';
import { change, type Plan } from '../accounts/change.ts';
import { at, drop, type Keyed, lastPart, listPage, put, read } from '../accounts/records.ts';
import { Refused } from '../accounts/refused.ts';
import { timeKey } from '../sync/records.ts';
import type { AttachmentContext } from './context.ts';
import { isThere, MOST_USES } from './permission.ts';
import {
  ATTACHMENT_DUE,
  ATTACHMENT_USES,
  ATTACHMENTS,
  attachmentObject,
  type AttachmentRecord,
  chunkObjects,
  type DueRecord,
  previewObject,
  UPLOADS,
} from './records.ts';
import { dropUpload } from './uploads.ts';

/** How often the list of what is due is looked at: how long bytes may stay after their message. */
const LOOK_MS = 60_000;
const BATCH = 100;
/** How often all objects are compared with the records. */
const COMPARE_MS = 24 * 3_600_000;
const PAGE = 500;
/** An object younger than this may belong to what is just being written. */
const YOUNG_MS = 2 * LIMITS.upload_ms;

/**
 * Deletes what nobody needs: uploads that were not finished in a day, files that no message carries, and once a day
 * objects that no record knows, which a crash between two steps leaves behind. What is due stands in the store, so any
 * node does it, and doing it twice is the same as once.
 */
export class Janitor {
  readonly #context: AttachmentContext;
  readonly #onFault: (error: unknown) => void;
  readonly #takesDue: boolean;
  #cancel: () => void;
  #closed = false;
  #comparedAt: number;

  /** @param takesDue false where another place does what is due, and only copies lie here */
  constructor(context: AttachmentContext, onFault: (error: unknown) => void, takesDue = true) {
    this.#context = context;
    this.#onFault = onFault;
    this.#takesDue = takesDue;
    this.#comparedAt = context.clock.now();
    this.#cancel = this.#later(context.clock);
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  /** Does what is due now, the earliest first. */
  async take(): Promise<void> {
    const { store, clock } = this.#context;
    for (;;) {
      const now = timeKey(clock.now());
      const rows = await listPage(store, ATTACHMENT_DUE, '', { limit: BATCH });
      const due = rows.filter(({ key }) => key.slice(0, now.length) <= now);
      for (const row of due) if (!this.#closed) await takeDue(this.#context, row);
      if (this.#closed || due.length < BATCH) return;
    }
  }

  /** Deletes old objects that no record knows, and what writing left behind. */
  async compare(): Promise<void> {
    const { objects, clock } = this.#context;
    const before = clock.now() - YOUNG_MS;
    await objects.sweep(before);
    for (const prefix of ['a/', 'p/', 'u/']) {
      let after: string | undefined;
      do {
        const page = await objects.list(prefix, { limit: PAGE, ...(after === undefined ? {} : { after }) });
        for (const { key, modified_at } of page.objects) {
          if (this.#closed) return;
          if (modified_at < before) await dropOrphan(this.#context, key);
        }
        after = page.next;
      } while (after !== undefined);
    }
  }

  #later(clock: Clock): () => void {
    return clock.after(LOOK_MS, () => {
      this.#turn()
        .catch((error: unknown) => {
          // A store that closes under it is the end of the node. What was not done stays on the list.
          if (!this.#closed) this.#onFault(error);
        })
        .finally(() => {
          if (!this.#closed) this.#cancel = this.#later(clock);
        });
    });
  }

  async #turn(): Promise<void> {
    if (this.#takesDue) await this.take();
    const now = this.#context.clock.now();
    if (now - this.#comparedAt < COMPARE_MS) return;
    this.#comparedAt = now;
    await this.compare();
  }
}

async function takeDue(context: AttachmentContext, row: Keyed<DueRecord>): Promise<void> {
  const id = lastPart(row.key);
  await endUpload(context, id);
  await endAttachment(context, id, row.value.why);
  // A row put anew meanwhile has another version and stays.
  await context.store.commit([
    { requires: [at(ATTACHMENT_DUE, row.key, row.version)], changes: [drop(ATTACHMENT_DUE, row.key)] },
  ]);
}

async function endUpload(context: AttachmentContext, id: string): Promise<void> {
  const { value } = await read(context.store, UPLOADS, id);
  if (!value || value.expires_at > context.clock.now()) return;
  try {
    await dropUpload(context, id, value.by);
    context.metrics.upload('abandoned');
  } catch (error) {
    // Another node was faster.
    if (!(error instanceof Refused)) throw error;
  }
}

/** Deletes an attachment that no message carries: at once when one did, otherwise when its time for that is over. */
export async function endAttachment(context: AttachmentContext, id: string, why: DueRecord['why']): Promise<void> {
  const { store, objects, metrics } = context;
  const isOver = ({ completed_at }: AttachmentRecord) =>
    why === 'released' || completed_at + LIMITS.upload_ms <= context.clock.now();
  if (!(await mark(context, id, async (record) => isOver(record) && !(await isUsed(context, id))))) return;
  // A message may have taken it since it was looked at. From the mark on none does.
  if (await isUsed(context, id)) return unmark(context, id);
  await objects.delete(previewObject(id));
  await objects.delete(attachmentObject(id));
  const uses = await listPage(store, ATTACHMENT_USES, `${id}/`, { limit: MOST_USES });
  await store.commit([{ changes: [drop(ATTACHMENTS, id), ...uses.map(({ key }) => drop(ATTACHMENT_USES, key))] }]);
  metrics.removed('attachment');
}

/** Marks an attachment as ending when `may` says so. True when it is marked, also by somebody before. */
function mark(
  context: AttachmentContext,
  id: string,
  may: (record: AttachmentRecord) => Promise<boolean>,
): Promise<boolean> {
  return change(context, async (): Promise<Plan<boolean>> => {
    const { value, version } = await read(context.store, ATTACHMENTS, id);
    if (!value || value.ended) return { result: value !== null };
    if (!(await may(value))) return { result: false };
    const changes = [put(ATTACHMENTS, id, { ...value, ended: true as const })];
    return { command: { requires: [at(ATTACHMENTS, id, version)], changes }, result: true };
  });
}

function unmark(context: AttachmentContext, id: string): Promise<void> {
  return change(context, async (): Promise<Plan<void>> => {
    const { value, version } = await read(context.store, ATTACHMENTS, id);
    if (!value?.ended) return { result: undefined };
    const { ended: _, ...record } = value;
    const changes = [put(ATTACHMENTS, id, record)];
    return { command: { requires: [at(ATTACHMENTS, id, version)], changes }, result: undefined };
  });
}

async function isUsed(context: AttachmentContext, id: string): Promise<boolean> {
  const uses = await listPage(context.store, ATTACHMENT_USES, `${id}/`, { limit: MOST_USES });
  for (const { key, value } of uses) {
    const [, log = '', message = ''] = key.split('/');
    if (value.expires_at > context.clock.now() && (await isThere(context, log, message))) return true;
  }
  return false;
}

async function dropOrphan({ store, objects, metrics }: AttachmentContext, key: string): Promise<void> {
  const [kind = '', id = ''] = key.split('/');
  const isKnown = kind === 'u' ? await isChunk(store, id, key) : (await read(store, ATTACHMENTS, id)).value !== null;
  if (isKnown) return;
  await objects.delete(key);
  metrics.removed('orphan');
}

async function isChunk(store: AttachmentContext['store'], id: string, key: string): Promise<boolean> {
  const { value } = await read(store, UPLOADS, id);
  return value !== null && chunkObjects(id, value).includes(key);
}
