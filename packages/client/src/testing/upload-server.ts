import type { Attachment, Upload } from '@konferenco/protocol';
import { KonferencoError } from '../errors.ts';
import { Emitter } from '../events.ts';
import { serverError } from '../server-errors.ts';
import type { Client, ClientEvents, Conversation, Link, Message, Rest, SendOptions } from '../types.ts';
import { settle } from './virtual-clock.ts';

const CHUNK = { chunk_bytes: 4_194_304, chunk_min_bytes: 65_536 };

interface Held {
  readonly upload: Omit<Upload, 'received' | 'attachment'>;
  bytes: Uint8Array;
  attachment?: Attachment;
  preview?: Uint8Array;
}

/** The uploads and outbox of one account in memory, with a client that reaches them, or not. */
export class UploadServer {
  readonly uploads = new Map<string, Held>();
  /** What was sent, in order. */
  readonly sent: { readonly log: string; readonly text: string; readonly options: SendOptions }[] = [];
  /** Calls by route, in order. */
  readonly calls: string[] = [];
  /** Throws, or waits, before a call is answered. */
  before: (route: string) => void | Promise<void> = () => {};
  isOnline = true;
  readonly #events = new Emitter<ClientEvents>();
  readonly #unstored = new Map<string, Message>();

  /** The link goes or comes. */
  async turn(isOnline: boolean): Promise<void> {
    this.isOnline = isOnline;
    this.#events.emit('link', this.#link());
    await settle();
  }

  /** A message stands in the outbox, as an earlier run of the program put it there. */
  inOutbox(id: string): void {
    this.#unstored.set(id, { kind: 'message', id, offset: null, state: 'queued' } as Message);
  }

  stored(id: string): void {
    this.#unstored.set(id, { kind: 'message', id, offset: 7, state: 'stored' } as Message);
    for (const changed of this.#watching) changed();
  }
  readonly #watching = new Set<() => void>();

  client(): Client {
    const conversation = (log: string): Conversation =>
      ({
        log,
        written: () => ({ id: this.newId(), timestamp: 1, after: 3 }),
        state: () => ({ timeline: [...this.#unstored.values()] }),
        subscribe: (fn: () => void) => {
          this.#watching.add(fn);
          return () => this.#watching.delete(fn);
        },
        discard: () => {},
        send: async (text: string, options: SendOptions) => {
          await this.before('send');
          this.sent.push({ log, text, options });
          return { id: options.written?.id ?? '', log, offset: this.sent.length };
        },
      }) as unknown as Conversation;
    const part: Partial<Client> = {
      me: { id: 'mere', name: 'Mere' },
      ready: Promise.resolve(),
      rest: this.#rest,
      channel: (id) => conversation(`ch:${id}`),
      on: (event, fn) => this.#events.on(event, fn),
    };
    const link = () => this.#link();
    return Object.defineProperty(part, 'link', { get: link }) as Client;
  }

  #ids = 0;
  readonly newId = (): string => `01900000-0000-7000-8000-${String(++this.#ids).padStart(12, '0')}`;

  #link(): Link {
    return this.isOnline ? { kind: 'online' } : { kind: 'offline' };
  }

  readonly #rest = (async (route: string, request: Parameters<Rest>[1] = {}) => {
    this.calls.push(route);
    await this.before(route);
    request.signal?.throwIfAborted();
    if (!this.isOnline) throw new KonferencoError({ code: 3903, error: 'network', message: 'no network' });
    return this.#answer(route, request as { params?: Record<string, string>; body?: unknown });
  }) as Rest;

  #answer(route: string, { params = {}, body }: { params?: Record<string, string>; body?: unknown }): unknown {
    if (route === 'createUpload') return this.#create(body as Upload);
    const held = this.uploads.get(params['upload'] ?? params['attachment'] ?? '');
    if (route === 'server') return { attachments: { max_bytes: 1_000_000, types: [] } };
    if (!held) throw serverError('not_found');
    if (route === 'uploadChunk' && Number(params['offset']) === held.bytes.length)
      held.bytes = Uint8Array.from([...held.bytes, ...(body as Uint8Array)]);
    if (route === 'completeUpload') return this.#complete(held);
    if (route === 'putPreview') {
      held.preview = body as Uint8Array;
      held.attachment = { ...this.#complete(held), preview: true };
      return held.attachment;
    }
    return view(held);
  }

  #create(body: Upload): Upload {
    const held = this.uploads.get(body.id) ?? {
      upload: { ...body, ...CHUNK, expires_at: Number.MAX_SAFE_INTEGER },
      bytes: new Uint8Array(0),
    };
    this.uploads.set(body.id, held);
    return view(held);
  }

  #complete(held: Held): Attachment {
    const { id, name, type, size } = held.upload;
    held.attachment ??= { id, name, type, size, sha256: 'a'.repeat(64) };
    return held.attachment;
  }
}

function view({ upload, bytes, attachment }: Held): Upload {
  return { ...upload, received: bytes.length, ...(attachment ? { attachment } : {}) };
}
