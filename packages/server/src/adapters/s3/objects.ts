import {
  type ByteRange,
  type LinkOptions,
  OBJECT_KEY,
  type ObjectBody,
  type ObjectInfo,
  type ObjectPage,
  type ObjectStore,
  ObjectsUnavailableError,
} from '@konferenco/core';
import { blocksOf, exactly } from '../object-body.ts';
import { MultipartPut } from './multipart.ts';
import { type S3Answer, type S3Options, S3Requests, unavailable } from './request.ts';
import { elements, textOf } from './xml.ts';

/** The storage answers, and what it says will not change by itself. The message says what an operator has to do. */
export class S3RefusedError extends ObjectsUnavailableError {
  override readonly name = 'S3RefusedError';
}

/** An object up to this size is written by one request; above, in parts of this size. S3 takes no smaller ones than 5 MiB. */
const PART = 8 * 1_048_576;
/** S3 takes 10,000 parts. */
const MOST_PARTS = 9_000;

/**
 * Objects in a bucket.
 *
 * @throws {S3RefusedError} when the storage answers that credentials, bucket or region are wrong.
 * @throws {ObjectsUnavailableError} when it does not answer.
 */
export async function openS3Objects(options: S3Options): Promise<ObjectStore> {
  const objects = createS3Objects(options);
  await objects.list('', { limit: 1 });
  return objects;
}

/** The same, without asking whether the bucket is there. */
export function createS3Objects(options: S3Options): ObjectStore {
  return new S3Objects(options);
}

class S3Objects implements ObjectStore {
  readonly #options: S3Options;
  readonly #requests: S3Requests;

  constructor(options: S3Options) {
    this.#options = options;
    this.#requests = new S3Requests(options);
  }

  async put(key: string, body: AsyncIterable<Uint8Array>, size: number): Promise<void> {
    assertKey(key);
    const blocks = blocksOf(exactly(body, size), Math.max(PART, Math.ceil(size / MOST_PARTS)));
    if (size <= PART) {
      let whole = new Uint8Array(0);
      for await (const block of blocks) whole = block;
      return this.#putWhole(key, whole);
    }
    const put = await MultipartPut.begin(this.#requests, key);
    try {
      for await (const block of blocks) await put.part(block);
      await put.complete();
    } catch (error) {
      await put.abort();
      throw error;
    }
  }

  async get(key: string, range?: ByteRange): Promise<ObjectBody | null> {
    assertKey(key);
    const headers = range ? { headers: { range: `bytes=${range.first}-${range.last}` } } : {};
    const answer = await this.#requests.stream({ method: 'GET', key, ...headers });
    const { response } = answer;
    if (response.status === 200 || response.status === 206) return { size: sizeOf(response), bytes: piecesOf(answer) };
    const text = await response.text().finally(answer.end);
    if (response.status === 404 && textOf(text, 'Code') !== 'NoSuchBucket') return null;
    throw this.#refused(response.status, text);
  }

  async stat(key: string): Promise<ObjectInfo | null> {
    assertKey(key);
    const { status, headers } = await this.#requests.text({ method: 'HEAD', key });
    if (status === 404) return null;
    if (status !== 200) throw this.#refused(status, '');
    const modified_at = Date.parse(headers.get('last-modified') ?? '') || 0;
    return { key, size: Number(headers.get('content-length')), modified_at };
  }

  async delete(key: string): Promise<void> {
    assertKey(key);
    const { status, text } = await this.#requests.text({ method: 'DELETE', key });
    if (status !== 200 && status !== 204 && status !== 404) throw this.#refused(status, text);
  }

  /** By the first version of the call, whose pages begin after a key: every server knows it. */
  async list(
    prefix: string,
    { after, limit }: { readonly after?: string; readonly limit: number },
  ): Promise<ObjectPage> {
    const query = { 'max-keys': String(limit), prefix, ...(after === undefined ? {} : { marker: after }) };
    const { status, text } = await this.#requests.text({ method: 'GET', query });
    if (status !== 200) throw this.#refused(status, text);
    const all = elements(text, 'Contents').map((entry) => ({
      key: textOf(entry, 'Key'),
      size: Number(textOf(entry, 'Size')),
      modified_at: Date.parse(textOf(entry, 'LastModified')) || 0,
    }));
    const last = all.at(-1);
    const objects = all.filter(({ key }) => OBJECT_KEY.test(key));
    return last && textOf(text, 'IsTruncated') === 'true' ? { objects, next: last.key } : { objects };
  }

  link(key: string, { expires_in_s, type, disposition }: LinkOptions): Promise<string> {
    assertKey(key);
    return this.#requests.link(key, {
      'X-Amz-Expires': String(expires_in_s),
      'response-cache-control': `private, max-age=${expires_in_s}`,
      'response-content-disposition': disposition,
      'response-content-type': type,
    });
  }

  /** Ends multipart uploads that nobody finished: their parts are kept and charged for, and seen by no listing. */
  async sweep(before: number): Promise<number> {
    const { status, text } = await this.#requests.text({ method: 'GET', query: { uploads: '' } });
    // Some servers cannot list them; there a rule of the bucket's has to end them.
    if (status !== 200) return 0;
    const stale = elements(text, 'Upload').filter((upload) => Date.parse(textOf(upload, 'Initiated')) < before);
    for (const upload of stale) {
      await new MultipartPut(this.#requests, textOf(upload, 'Key'), textOf(upload, 'UploadId')).abort();
    }
    return stale.length;
  }

  async close(): Promise<void> {}

  async #putWhole(key: string, body: Uint8Array<ArrayBuffer>): Promise<void> {
    const headers = { 'content-type': 'application/octet-stream' };
    const { status, text } = await this.#requests.text({ method: 'PUT', key, headers, body });
    if (status !== 200) throw this.#refused(status, text);
  }

  /** What an answer that is neither a success nor the server's failure means for whoever runs this. */
  #refused(status: number, text: string): Error {
    const { bucket, endpoint, region } = this.#options;
    const code = textOf(text, 'Code') || `status ${status}`;
    if (code === 'NoSuchBucket') {
      return new S3RefusedError(`There is no bucket ${bucket} at ${endpoint}: make it, or set KONFERENCO_S3_BUCKET.`);
    }
    if (status === 301 || status === 400) {
      return new S3RefusedError(
        `The S3 storage at ${endpoint} refuses the request (${code}): check KONFERENCO_S3_REGION (${region}) and KONFERENCO_S3_PATH_STYLE.`,
      );
    }
    if (status === 401 || status === 403) {
      return new S3RefusedError(
        `The S3 storage at ${endpoint} refuses the credentials for bucket ${bucket} (${code}): check KONFERENCO_S3_KEY and KONFERENCO_S3_SECRET, and that they may list, read, write and delete there.`,
      );
    }
    return new ObjectsUnavailableError(`the S3 storage at ${endpoint} refuses: ${code}`);
  }
}

function assertKey(key: string): void {
  if (!OBJECT_KEY.test(key)) throw new TypeError(`not the key of an object: ${JSON.stringify(key)}`);
}

function sizeOf({ headers }: Response): number {
  const total = /\/(\d+)$/.exec(headers.get('content-range') ?? '')?.[1];
  return Number(total ?? headers.get('content-length'));
}

async function* piecesOf({ response, touch, end }: S3Answer): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const reader = response.body?.getReader();
  if (!reader) return end();
  try {
    for (;;) {
      touch();
      const { done, value } = await reader.read();
      // The reader may take its time.
      end();
      if (done) return;
      yield value as Uint8Array<ArrayBuffer>;
    }
  } catch (error) {
    throw unavailable(error);
  } finally {
    end();
    // Ends the connection when somebody stopped reading; after the end it does nothing.
    await reader.cancel().catch(() => undefined);
  }
}
