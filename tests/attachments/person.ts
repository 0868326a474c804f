import {
  type Attachment,
  type AttachmentLink,
  createIdGenerator,
  type Envelope,
  type Upload,
} from '@konferenco/protocol';

const newId = createIdGenerator({ now: () => Date.now(), random16: () => crypto.getRandomValues(new Uint8Array(16)) });

export interface Answered<Data> {
  readonly status: number;
  readonly headers: Headers;
  readonly data: Data & { readonly error?: string; readonly retry_after_ms?: number };
}

/** Somebody signed in by name, over REST alone. */
export class Person {
  readonly name: string;
  readonly #url: () => string;

  /** @param url `httpUrl` of the server; asked anew for each request. */
  constructor(name: string, url: () => string) {
    this.name = name;
    this.#url = url;
  }

  async call<Data>(method: string, path: string, body?: object | Uint8Array<ArrayBuffer>): Promise<Answered<Data>> {
    const isBytes = body instanceof Uint8Array;
    const response = await fetch(this.#url() + path, {
      method,
      headers: {
        authorization: `Bearer ${this.name}`,
        ...(body ? { 'content-type': isBytes ? 'application/octet-stream' : 'application/json' } : {}),
      },
      ...(body ? { body: isBytes ? body : JSON.stringify(body) } : {}),
    });
    const data = (await response.json()) as Answered<Data>['data'];
    return { status: response.status, headers: response.headers, data };
  }

  begin(log: string, file: { readonly size: number } & Partial<Record<'id' | 'name' | 'type' | 'sha256', string>>) {
    return this.call<Upload>('POST', '/api/uploads', {
      log,
      name: 'file.bin',
      type: 'application/octet-stream',
      ...file,
    });
  }

  chunk(id: string, offset: number, bytes: Uint8Array<ArrayBuffer>) {
    return this.call<Upload>('PUT', `/api/uploads/${id}/${offset}`, bytes);
  }

  complete(id: string) {
    return this.call<Attachment>('POST', `/api/uploads/${id}/complete`);
  }

  link(id: string) {
    return this.call<AttachmentLink>('GET', `/api/attachments/${id}`);
  }

  /** Sends what is missing of an upload, chunk by chunk, from where it is. */
  async send(upload: Upload, bytes: Uint8Array<ArrayBuffer>, chunk = upload.chunk_bytes): Promise<Upload> {
    let at = upload;
    while (at.received < bytes.length) {
      const answered = await this.chunk(at.id, at.received, bytes.slice(at.received, at.received + chunk));
      if (answered.status !== 200) throw new Error(JSON.stringify(answered.data));
      at = answered.data;
    }
    return at;
  }

  /** From beginning to end. */
  async upload(log: string, bytes: Uint8Array<ArrayBuffer>, file: { name?: string; type?: string } = {}) {
    const begun = await this.begin(log, { ...file, size: bytes.length });
    if (begun.status !== 200) throw new Error(JSON.stringify(begun.data));
    await this.send(begun.data, bytes);
    const completed = await this.complete(begun.data.id);
    if (completed.status !== 200) throw new Error(JSON.stringify(completed.data));
    return completed.data;
  }

  /** Sends a message with files; the answer is its id, or the name of what refused it. */
  async say(log: string, payload: Envelope['payload'], fields: Partial<Envelope> = {}): Promise<string> {
    const [kind, first = '', second = ''] = log.split(':');
    const peer = first === this.name ? second : first;
    const envelope: Envelope = {
      id: newId(),
      type: 'chat',
      subtype: kind === 'dm' ? 'direct_message' : 'channel_message',
      from: { user_id: this.name },
      to: kind === 'dm' ? { type: 'user', id: peer } : { type: 'channel', id: first },
      payload,
      timestamp: Date.now(),
      ...fields,
    };
    return (await this.publish(envelope)) ?? envelope.id;
  }

  /** The name of what refused it; `null` when it was stored. */
  async publish(envelope: Envelope): Promise<string | null> {
    const response = await fetch(`${this.#url()}/api/frames`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.name}`, 'content-type': 'application/json' },
      body: JSON.stringify({ frames: [{ type: 'publish', ref: 1, envelope }] }),
    });
    const events = await response.text();
    return /"error":"(\w+)"/.exec(events)?.[1] ?? null;
  }

  /** The bytes behind an attachment's link. */
  async download(id: string): Promise<Uint8Array> {
    const { data } = await this.link(id);
    return (await fetch(data.url)).bytes();
  }
}

/** Bytes that repeat exactly. */
export function bytesOf(size: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  for (let n = 0, state = seed; n < size; n++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[n] = state >>> 24;
  }
  return bytes;
}
