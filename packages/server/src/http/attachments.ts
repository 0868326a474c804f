import { ObjectsUnavailableError, type ObjectStore } from '@konferenco/core';
import { LIMITS } from '@konferenco/protocol';
import type { RouteName } from '@konferenco/protocol/schema';
import type { Hono } from 'hono';
import { Refused } from '../accounts/refused.ts';
import { type LinkSigner, OBJECT_PATH } from '../attachments/signed-link.ts';
import type { AttachmentMetrics } from '../attachments/metrics.ts';
import { rangeOf } from './byte-range.ts';
import type { Handler, Handlers, HttpDeps } from './handler.ts';

type AttachmentRoutes =
  | 'createUpload'
  | 'upload'
  | 'uploadChunk'
  | 'completeUpload'
  | 'cancelUpload'
  | 'attachment'
  | 'preview'
  | 'putPreview';

/** Uploads in chunks, and addresses for what was uploaded. */
export function attachmentHandlers({ attachments }: HttpDeps): Handlers<AttachmentRoutes> {
  const { metrics } = attachments.context;
  return {
    createUpload: counting(metrics, ({ identity, body }) => attachments.create(identity.user, body)),

    upload: ({ identity, params }) => attachments.state(identity.user, params.upload),

    uploadChunk: counting(metrics, ({ identity, params, body }) =>
      attachments.putChunk(identity.user, params.upload, { offset: Number(params.offset), bytes: body }),
    ),

    completeUpload: counting(metrics, ({ identity, params }) => attachments.complete(identity.user, params.upload)),

    async cancelUpload({ identity, params }) {
      await attachments.cancel(identity.user, params.upload);
      return {};
    },

    attachment: counting(metrics, async ({ identity, params, origin }) => {
      const link = await attachments.link(identity.user, params.attachment);
      return link.url.startsWith('/') ? { ...link, url: origin + link.url } : link;
    }),

    preview: counting(metrics, ({ identity, params }) => attachments.preview(identity.user, params.attachment)),

    putPreview: counting(metrics, ({ identity, params, body }) =>
      attachments.putPreview(identity.user, params.attachment, body),
    ),
  };
}

/** The same handler, whose refusals are counted by name. */
function counting<Name extends RouteName>(metrics: AttachmentMetrics, handler: Handler<Name>): Handler<Name> {
  return async (request) => {
    try {
      return await handler(request);
    } catch (error) {
      if (error instanceof Refused) metrics.refused(error.error);
      else if (error instanceof ObjectsUnavailableError) metrics.refused('storage_unavailable');
      throw error;
    }
  };
}

export interface ObjectRouteDeps {
  readonly objects: ObjectStore;
  readonly signer: LinkSigner;
  readonly metrics: AttachmentMetrics;
}

/**
 * What is sent with the bytes of a file, whatever its type: nothing in it runs, nothing guesses another type, and no
 * shared cache keeps it. Whoever has the address may show it in a page of any origin: the address is the permission.
 */
const OBJECT_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': "sandbox; default-src 'none'",
  'Cache-Control': `private, max-age=${LIMITS.attachment_link_ms / 1000}`,
  'Cross-Origin-Resource-Policy': 'cross-origin',
  'Accept-Ranges': 'bytes',
};

/** Adds the route behind this server's own links: whoever has one gets the bytes, without a token. */
export function addObjectRoute(app: Hono<{ Bindings: { readonly address?: string } }>, deps: ObjectRouteDeps): void {
  app.get(`${OBJECT_PATH}*`, (c) => serveObject(deps, c.req.raw));
}

/** Answers a request for a signed address. @throws {Refused} `forbidden` when it has expired or is none, `not_found` */
export async function serveObject({ objects, signer, metrics }: ObjectRouteDeps, request: Request): Promise<Response> {
  const checked = signer.check(new URL(request.url));
  // Neither a forged nor an expired address tells whether there is anything.
  if (!checked.ok) throw new Refused('forbidden', { detail: 'This address has expired or is not genuine.' });
  const { key, type, disposition } = checked.link;
  const info = await objects.stat(key);
  if (!info) throw new Refused('not_found');
  const etag = `"${key}"`;
  const common = { ...OBJECT_HEADERS, ETag: etag, 'Content-Type': type, 'Content-Disposition': disposition };
  // An object never changes under its key.
  if (request.headers.get('If-None-Match') === etag) return new Response(null, { status: 304, headers: common });
  const asked = rangeOf(isSameAsKept(request, etag) ? request.headers.get('Range') : null, info.size);
  if (asked.kind === 'outside') {
    return new Response(null, { status: 416, headers: { ...common, 'Content-Range': `bytes */${info.size}` } });
  }
  const { first, last } = asked.kind === 'part' ? asked.range : { first: 0, last: info.size - 1 };
  const headers = {
    ...common,
    ...(asked.kind === 'part' ? { 'Content-Range': `bytes ${first}-${last}/${info.size}` } : {}),
    'Content-Length': String(last + 1 - first),
  };
  const answer = { status: asked.kind === 'part' ? 206 : 200, headers };
  if (request.method === 'HEAD') return new Response(null, answer);
  const body = await objects.get(key, { first, last });
  if (!body) throw new Refused('not_found');
  return new Response(
    streamOf(body.bytes, (count) => metrics.bytes('out', count)),
    answer,
  );
}

/** A range counts only when the reader's part is of the same bytes (RFC 9110 §13.1.5). */
function isSameAsKept({ headers }: Request, etag: string): boolean {
  const condition = headers.get('If-Range');
  return condition === null || condition === etag;
}

/** Pieces are read when the network takes them; a reader who leaves ends the reading. */
function streamOf(
  bytes: AsyncIterable<Uint8Array<ArrayBuffer>>,
  count: (bytes: number) => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const pieces = bytes[Symbol.asyncIterator]();
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await pieces.next();
        if (done) return controller.close();
        count(value.length);
        controller.enqueue(value);
      },
      async cancel() {
        await pieces.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

/** What the runtime allows by itself. */
const IDLE_S = 10;
/** While a file is put together nothing passes for a while, and a phone may lose its network for a moment. */
const FILE_IDLE_S = 90;

/** How long nothing may pass in a request for `path` before it is cut, in seconds. */
export function idleSecondsOf(path: string): number {
  return path.startsWith('/api/uploads') || path.startsWith(OBJECT_PATH) ? FILE_IDLE_S : IDLE_S;
}
