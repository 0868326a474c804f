import { ObjectsUnavailableError } from '@konferenco/core';
import type { S3Requests } from './request.ts';
import { textOf } from './xml.ts';

/** An object written in parts: seen by nobody until it is complete. */
export class MultipartPut {
  readonly #requests: S3Requests;
  readonly #key: string;
  readonly #uploadId: string;
  readonly #etags: string[] = [];

  static async begin(requests: S3Requests, key: string): Promise<MultipartPut> {
    const headers = { 'content-type': 'application/octet-stream' };
    const { status, text } = await requests.text({ method: 'POST', key, headers, query: { uploads: '' } });
    const uploadId = textOf(text, 'UploadId');
    if (status !== 200 || uploadId === '') throw failure('begin', status, text);
    return new MultipartPut(requests, key, uploadId);
  }

  constructor(requests: S3Requests, key: string, uploadId: string) {
    this.#requests = requests;
    this.#key = key;
    this.#uploadId = uploadId;
  }

  /** Writes the next part. */
  async part(body: Uint8Array<ArrayBuffer>): Promise<void> {
    const query = { partNumber: String(this.#etags.length + 1), uploadId: this.#uploadId };
    const { status, headers, text } = await this.#requests.text({ method: 'PUT', key: this.#key, query, body });
    const etag = headers.get('etag');
    if (status !== 200 || etag === null) throw failure('write a part of', status, text);
    this.#etags.push(etag);
  }

  async complete(): Promise<void> {
    const parts = this.#etags.map(
      (etag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${escaped(etag)}</ETag></Part>`,
    );
    const body = new TextEncoder().encode(`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`);
    const query = { uploadId: this.#uploadId };
    const { status, text } = await this.#requests.text({ method: 'POST', key: this.#key, query, body });
    // S3 may find out after it began to answer, so a success can hold an error.
    if (status !== 200 || textOf(text, 'ETag') === '') throw failure('complete', status, text);
  }

  /** Gives up. Fails silently: what stays is ended later, by `sweep` or by a rule of the bucket's. */
  async abort(): Promise<void> {
    const query = { uploadId: this.#uploadId };
    await this.#requests.text({ method: 'DELETE', key: this.#key, query }).catch(() => undefined);
  }
}

function failure(what: string, status: number, text: string): ObjectsUnavailableError {
  return new ObjectsUnavailableError(
    `the S3 storage did not ${what} an object: ${textOf(text, 'Code') || `status ${status}`}`,
  );
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
