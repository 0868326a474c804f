import type { AttachmentRules } from '@konferenco/protocol';
import { defaultEnvironment } from '../environment.ts';
import { createIds } from '../ids.ts';
import type { Client, Environment } from '../types.ts';
import { outgoingBytes } from './carry.ts';
import { Downloads } from './downloads.ts';
import { storeError } from './file-error.ts';
import type { FileStore } from './file-store.ts';
import { KeptFiles } from './kept-files.ts';
import { OutgoingFiles } from './outgoing-files.ts';
import { described } from './outgoing-record.ts';
import type { Attachments, FileLimits } from './types.ts';

const LIMITS: FileLimits = { outgoing: 200_000_000, kept: 100_000_000 };

export interface OpenAttachmentsOptions {
  /** Signed in; its `store` keeps the outbox, without which a message may be lost between the upload and its sending. */
  readonly client: Client;
  /** Where this person's files lie. It is closed with what is opened here. */
  readonly files: FileStore;
  readonly limits?: Partial<FileLimits>;
  /** Replaced in tests. */
  readonly environment?: Partial<Environment>;
}

/**
 * Files in messages, for the person who is signed in. What an earlier run of the program left on its way goes on.
 *
 * @throws {import('../errors.ts').KonferencoError} `storage` when what is kept cannot be read
 * @example
 * const files = await indexedDbFileStore({ url, user: client.me.id });
 * const attachments = await openAttachments({ client, files });
 * const { stored } = await attachments.send(client.channel('hall-a'), [photo], { text: 'The view' });
 */
export async function openAttachments(options: OpenAttachmentsOptions): Promise<Attachments> {
  const { client, files } = options;
  const environment: Environment = { ...defaultEnvironment(), ...options.environment };
  const limits = { ...LIMITS, ...options.limits };
  const kept = new KeptFiles({ files, environment, limit: limits.kept });
  const downloads = new Downloads({ rest: client.rest, environment, files, kept });
  let rules: AttachmentRules | null | undefined;
  const outgoing = new OutgoingFiles({
    ...{ client, files, kept, environment, limit: limits.outgoing },
    lockName: `konferenco-files/${client.me?.id ?? ''}`,
    newId: createIds({ now: environment.now, random16: () => environment.randomBytes(16) }),
    rules: () => rules ?? null,
  });
  const stop = client.on('link', ({ kind }) => {
    outgoing.linked();
    // A program that has gone meanwhile may have left some. What cannot be read now is looked for again the next time.
    if (kind === 'online') outgoing.refresh().catch(() => undefined);
  });
  await outgoing.refresh();
  const guarded = <T>(work: () => Promise<T>): Promise<T> =>
    work().catch((thrown: unknown) => Promise.reject(storeError(thrown)));
  const askRules = async () => {
    rules = (await client.rest('server')).attachments ?? null;
    return rules;
  };
  return {
    outgoing: { state: () => outgoing.state(), subscribe: (fn) => outgoing.subscribe(fn) },
    send: (conversation, chosen, said = {}) => outgoing.add(conversation, described(chosen), said),
    pause: (id) => outgoing.pause(id),
    resume: (id) => outgoing.resume(id),
    cancel: (id) => outgoing.cancel(id),
    rules: async () => (rules === undefined ? askRules() : rules),
    fetch: (attachment, fetching) => downloads.fetch(attachment, fetching),
    preview: (attachment, signal) => downloads.preview(attachment, signal),
    has: (id) => guarded(() => kept.has(id)),
    link: (attachment) => downloads.link(attachment),
    usage: () =>
      guarded(async () => ({ outgoing: await outgoingBytes(files), kept: await kept.bytes(), kind: files.kind })),
    clearKept: () => guarded(() => kept.clear()),
    forget: () => {
      outgoing.close();
      return guarded(() => files.clear());
    },
    refresh: () => outgoing.refresh(),
    async close() {
      stop();
      outgoing.close();
      await files.close();
    },
  };
}
