import Type, { type Static } from 'typebox';
import { MEDIA_TYPE_PATTERN } from '../attachment-name.ts';
import { LIMITS, PREVIEW_LIMITS } from '../limits.ts';
import { Log, UnixMs, Uuid } from './envelope.ts';
import type { Route } from './route.ts';

const FileName = Type.String({
  minLength: 1,
  maxLength: LIMITS.attachment_name_bytes,
  description: 'The name of the file, as `attachmentName` gives it: no folders, at most 120 bytes of UTF-8.',
});
const MediaType = Type.String({
  pattern: MEDIA_TYPE_PATTERN,
  maxLength: 80,
  description: 'Media type in lower case, without parameters; application/octet-stream when nobody knows.',
});
const Size = Type.Integer({ minimum: 1, maximum: 2 ** 40, description: 'Bytes.' });
const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$', description: 'SHA-256 of the whole file, hexadecimal.' });
const Pixels = Type.Integer({ minimum: 1, maximum: 65_535 });

/**
 * A file as a message carries it. The server gives it when an upload is complete, and refuses a message that says
 * otherwise. `width` and `height` are those of an image as it is shown; a message may leave them and `sha256` out. `alt` and
 * `tint` are its sender's own words on it, which nobody checks.
 */
export const Attachment = Type.Object({
  id: Uuid,
  name: FileName,
  type: MediaType,
  size: Size,
  sha256: Type.Optional(Sha256),
  width: Type.Optional(Pixels),
  height: Type.Optional(Pixels),
  preview: Type.Optional(Type.Literal(true, { description: 'There is a small picture of it.' })),
  alt: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: PREVIEW_LIMITS.alt_chars,
      description: 'What it shows, for people who do not see it.',
    }),
  ),
  tint: Type.Optional(
    Type.String({ pattern: '^[0-9a-f]{6}$', description: 'Its colour on the whole, RGB: shown until it is there.' }),
  ),
});
export type Attachment = Static<typeof Attachment>;

/** What a message carries beside its text. */
export const Attachments = Type.Array(Attachment, { minItems: 1, maxItems: LIMITS.attachments });

/** An upload, and how far it is. The next chunk begins at `received`. */
export const Upload = Type.Object({
  id: Uuid,
  log: Log,
  name: FileName,
  type: MediaType,
  size: Size,
  received: Type.Integer({ minimum: 0, description: 'Bytes kept so far: where to go on.' }),
  chunk_bytes: Type.Integer({ description: 'Largest chunk.' }),
  chunk_min_bytes: Type.Integer({ description: 'Smallest chunk, except the last.' }),
  expires_at: Type.Integer({ description: 'Unix ms: forgotten then unless complete and part of a message.' }),
  attachment: Type.Optional(Attachment),
});
export type Upload = Static<typeof Upload>;

/** Where the bytes of an attachment are to be had for the next minutes, by whoever has the address. */
export const AttachmentLink = Type.Object({
  attachment: Attachment,
  url: Type.String({ description: 'Absolute address; takes GET, also with Range. Needs no token.' }),
  expires_at: UnixMs,
});
export type AttachmentLink = Static<typeof AttachmentLink>;

/** A small picture of a file, within the answer: a reader on a bad line gets it with one request. */
export const AttachmentPreview = Type.Object({
  type: Type.Union([Type.Literal('image/webp'), Type.Literal('image/jpeg')]),
  bytes: Type.String({ maxLength: Math.ceil(PREVIEW_LIMITS.bytes / 3) * 4, description: 'Base64.' }),
});
export type AttachmentPreview = Static<typeof AttachmentPreview>;

/** What a server takes, so that a client can say so before it uploads. */
export const AttachmentRules = Type.Object({
  max_bytes: Type.Integer(),
  types: Type.Array(Type.String(), { description: 'Media types, `image/*` for all of a family. Empty: any.' }),
});
export type AttachmentRules = Static<typeof AttachmentRules>;

export const ATTACHMENT_ROUTES = {
  createUpload: {
    method: 'POST',
    path: '/api/uploads',
    auth: 'user',
    summary:
      'Begin to upload a file for a conversation I may write in. Begun again under the same id, it answers how far it is.',
    body: Type.Object({
      id: Type.Optional(Uuid),
      log: Log,
      name: Type.String({ minLength: 1, maxLength: 1024 }),
      type: MediaType,
      size: Size,
      sha256: Type.Optional(Sha256),
    }),
    response: Upload,
  },
  upload: {
    method: 'GET',
    path: '/api/uploads/{upload}',
    auth: 'user',
    summary: 'How far an upload of mine is.',
    response: Upload,
  },
  uploadChunk: {
    method: 'PUT',
    path: '/api/uploads/{upload}/{offset}',
    auth: 'user',
    summary:
      'The bytes from an offset on. Taken when the upload goes on there; otherwise nothing changes, and the answer says where.',
    bytes: LIMITS.upload_chunk_bytes,
    response: Upload,
  },
  completeUpload: {
    method: 'POST',
    path: '/api/uploads/{upload}/complete',
    auth: 'user',
    summary: 'Check size, hash and type of what was uploaded; answers what a message then carries.',
    response: Attachment,
  },
  cancelUpload: {
    method: 'DELETE',
    path: '/api/uploads/{upload}',
    auth: 'user',
    summary: 'Give up an upload that is part of no message.',
    response: Type.Object({}),
  },
  attachment: {
    method: 'GET',
    path: '/api/attachments/{attachment}',
    auth: 'user',
    summary: 'An address for the bytes of a file in a message I may read, good for 5 minutes.',
    response: AttachmentLink,
  },
  preview: {
    method: 'GET',
    path: '/api/attachments/{attachment}/preview',
    auth: 'user',
    summary: 'A small picture of a file in a message I may read, within the answer.',
    response: AttachmentPreview,
  },
  putPreview: {
    method: 'PUT',
    path: '/api/attachments/{attachment}/preview',
    auth: 'user',
    summary:
      'A small picture (WebP or JPEG, up to 320 pixels) of a file of mine that is complete and part of no message yet.',
    bytes: PREVIEW_LIMITS.bytes,
    response: Attachment,
  },
} as const satisfies Record<string, Route>;
