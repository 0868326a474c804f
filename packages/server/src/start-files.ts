import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { type ObjectStore, ObjectsUnavailableError } from '@konferenco/core';
import type { Registry } from 'prom-client';
import type { Context } from './accounts/context.ts';
import { openFileObjects } from './adapters/files/objects.ts';
import { createMemoryObjects } from './adapters/memory/objects.ts';
import { createS3Objects, openS3Objects, S3RefusedError } from './adapters/s3/objects.ts';
import { Attachments } from './attachments/attachments.ts';
import { Janitor } from './attachments/janitor.ts';
import { createAttachmentMetrics } from './attachments/metrics.ts';
import { createLinkSigner, type LinkSigner } from './attachments/signed-link.ts';
import type { PartReport } from './backends/backends.ts';
import type { Config } from './config/options.ts';
import type { Log } from './observability/log.ts';
import { watchObjects } from './operator/objects-health.ts';

/** Where files are kept, as the configuration says. */
export interface Files {
  readonly objects: ObjectStore;
  /** What HTTP needs to serve them, or to let pages load them from elsewhere. */
  readonly links: { readonly objectLinks: LinkSigner } | { readonly objectOrigin: string };
  /** How the storage is doing where it is a part of its own, as its last use told. */
  parts(): readonly PartReport[];
}

interface Needs extends Pick<Context, 'clock' | 'random'> {
  /** Shared by the nodes of a system. */
  readonly secret: Uint8Array;
  readonly log: Log;
}

const FOLDER_IN_CLUSTER =
  'files lie in the data folder: all nodes have to share it, or set KONFERENCO_S3_ENDPOINT to keep them in S3';

/**
 * Opens the storage for files: S3 when it is configured, the data folder otherwise. An S3 storage that does not answer is
 * waited for, so that messages go on without it; one that refuses is an error of the configuration.
 *
 * @throws {ObjectsUnavailableError} with what to do about it
 */
export async function openFiles(config: Config, needs: Needs): Promise<Files> {
  if (config.s3Endpoint !== '') return openS3(config, needs);
  if (config.postgresUrl !== '') needs.log.warn({ data: config.data }, FOLDER_IN_CLUSTER);
  const now = () => needs.clock.now();
  const secret = createHmac('sha256', needs.secret).update('links to files').digest();
  const objectLinks = createLinkSigner({ secret, now });
  const objects =
    config.storage === 'memory'
      ? createMemoryObjects({ ...objectLinks, now })
      : await openFileObjects({ dir: join(config.data, 'objects'), ...objectLinks });
  return { objects, links: { objectLinks }, parts: () => [] };
}

async function openS3(config: Config, { clock, random, log }: Needs): Promise<Files> {
  const options = {
    endpoint: config.s3Endpoint,
    region: config.s3Region,
    bucket: config.s3Bucket,
    access_key: config.s3Key,
    secret_key: config.s3Secret,
    path_style: config.s3PathStyle === 'on',
    clock,
    random,
  };
  const { protocol, host, origin } = new URL(options.endpoint);
  const links = { objectOrigin: options.path_style ? origin : `${protocol}//${options.bucket}.${host}` };
  let atStart: string | null = null;
  const opened = await openS3Objects(options).catch((error: unknown) => {
    if (error instanceof S3RefusedError || !(error instanceof ObjectsUnavailableError)) throw error;
    log.warn({ err: error }, 'the S3 storage does not answer: files wait until it does');
    atStart = error.message;
    return createS3Objects(options);
  });
  const { objects, fault } = watchObjects(opened, atStart);
  const part = (): PartReport => ({
    name: 's3',
    state: fault() === null ? 'working' : 'away',
    detail: fault() ?? '',
  });
  return { objects, links, parts: () => [part()] };
}

/** Uploads and downloads of this node, and what keeps them tidy. */
export function createAttachments(
  config: Config,
  {
    objects,
    context,
    registry,
  }: { readonly objects: ObjectStore; readonly context: Context; readonly registry: Registry },
): Attachments {
  return new Attachments({
    ...context,
    objects,
    metrics: createAttachmentMetrics(registry),
    options: {
      max_bytes: config.attachmentBytes,
      types: config.attachmentTypes.split(',').filter((type) => type !== ''),
      daily_bytes: config.attachmentDailyBytes,
    },
  });
}

/** What a server deletes of files: what is due and what no record knows, the latter alone, or what others share with it not at all. */
export type Tidies = 'all' | 'copies' | 'nothing';

export function tidiesOf({ mirror, s3Endpoint }: Config): Tidies {
  if (mirror === 'no') return 'all';
  // In a storage that is the venue's too lie files whose records a mirror does not have yet.
  return s3Endpoint === '' ? 'copies' : 'nothing';
}

/** Begins to delete what nobody needs; the answer ends it and closes the storage. */
export function keepTidy(
  { context }: Attachments,
  { tidies, onFault }: { readonly tidies: Tidies; readonly onFault: (error: unknown) => void },
): () => Promise<void> {
  const janitor = tidies === 'nothing' ? null : new Janitor(context, onFault, tidies === 'all');
  return () => {
    janitor?.close();
    return context.objects.close();
  };
}
