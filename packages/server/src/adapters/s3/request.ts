import { createHash } from 'node:crypto';
import { type Clock, decorrelatedJitter, ObjectsUnavailableError, type Random } from '@konferenco/core';
import { AwsClient } from 'aws4fetch';

export interface S3Options {
  /** `http(s)://host[:port]`. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly access_key: string;
  readonly secret_key: string;
  /** True: the bucket stands in the path; false: before the host. */
  readonly path_style: boolean;
  readonly clock: Clock;
  readonly random: Random;
  /** Longest wait for an answer, and for each further piece of a body. */
  readonly timeout_ms?: number;
}

export interface S3Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** Empty: the bucket itself. */
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer>;
}

/** An answer whose body has not been read. `touch` grants the next piece its time, `end` stops waiting. */
export interface S3Answer {
  readonly response: Response;
  readonly touch: () => void;
  readonly end: () => void;
}

const TIMEOUT_MS = 30_000;
const ATTEMPTS = 3;
const PAUSE = { base_ms: 50, cap_ms: 1_000 };

/** Signed requests (Signature Version 4) to one bucket: repeated when the server is the reason, bounded in time. */
export class S3Requests {
  readonly #options: S3Options;
  readonly #signer: AwsClient;
  readonly #base: string;

  constructor(options: S3Options) {
    this.#options = options;
    const { access_key: accessKeyId, secret_key: secretAccessKey, region } = options;
    // Its own repeats have no bound in time.
    this.#signer = new AwsClient({ accessKeyId, secretAccessKey, region, service: 's3', retries: 0 });
    const { protocol, host } = new URL(options.endpoint);
    this.#base = options.path_style
      ? `${protocol}//${host}/${options.bucket}/`
      : `${protocol}//${options.bucket}.${host}/`;
  }

  /** The answer's whole text, for answers that are short. @throws {ObjectsUnavailableError} */
  async text(
    request: S3Request,
  ): Promise<{ readonly status: number; readonly headers: Headers; readonly text: string }> {
    return this.#repeat(async () => {
      const { response, end } = await this.#send(request);
      try {
        const text = await response.text();
        return { status: response.status, headers: response.headers, text };
      } finally {
        end();
      }
    });
  }

  /** @throws {ObjectsUnavailableError} */
  stream(request: S3Request): Promise<S3Answer> {
    return this.#repeat(() => this.#send(request));
  }

  /** An address with its signature in the query. */
  async link(key: string, query: Readonly<Record<string, string>>): Promise<string> {
    const signed = await this.#signer.sign(this.#address({ key, query }), {
      method: 'GET',
      aws: { signQuery: true, datetime: this.#datetime() },
    });
    return signed.url;
  }

  async #repeat<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    const { clock, random, timeout_ms = TIMEOUT_MS } = this.#options;
    const begun = clock.now();
    let pause = 0;
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof ObjectsUnavailableError) || attempt === ATTEMPTS) throw error;
        // Whoever asks has waited as long as one may.
        if (clock.now() - begun >= timeout_ms) throw error;
        pause = decorrelatedJitter(pause, random.next(), PAUSE);
        await new Promise<void>((resolve) => {
          clock.after(pause, resolve);
        });
      }
    }
  }

  /** @throws {ObjectsUnavailableError} for no answer, a server's own failure (5xx) and too many requests (429). */
  async #send(request: S3Request): Promise<S3Answer> {
    const { clock, timeout_ms = TIMEOUT_MS } = this.#options;
    const controller = new AbortController();
    let cancel = () => {};
    const touch = () => {
      cancel();
      cancel = clock.after(timeout_ms, () => controller.abort(new Error(`no answer within ${timeout_ms} ms`)));
    };
    touch();
    try {
      const response = await fetch(await this.#sign(request), { signal: controller.signal, redirect: 'manual' });
      touch();
      const { status } = response;
      // 501: it never will.
      if ((status >= 500 && status !== 501) || status === 429)
        throw new Error(`status ${status}: ${(await response.text()).slice(0, 300)}`);
      return { response, touch, end: () => cancel() };
    } catch (error) {
      cancel();
      throw unavailable(error);
    }
  }

  #sign({ method, body, headers = {}, ...where }: S3Request): Promise<Request> {
    return this.#signer.sign(this.#address(where), {
      method,
      headers: {
        ...headers,
        // The server compares what arrives with it.
        'x-amz-content-sha256': createHash('sha256')
          .update(body ?? '')
          .digest('hex'),
      },
      ...(body ? { body } : {}),
      aws: { datetime: this.#datetime() },
    });
  }

  #address({ key = '', query = {} }: Pick<S3Request, 'key' | 'query'>): string {
    const search = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
    return `${this.#base}${key}${search.length > 0 ? `?${search.join('&')}` : ''}`;
  }

  #datetime(): string {
    return new Date(this.#options.clock.now()).toISOString().replace(/[:-]|\.\d{3}/g, '');
  }
}

export function unavailable(error: unknown): ObjectsUnavailableError {
  if (error instanceof ObjectsUnavailableError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new ObjectsUnavailableError(`the S3 storage cannot be used: ${reason}`, { cause: error });
}
