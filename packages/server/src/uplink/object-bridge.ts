import { type Clock, type Command, OBJECT_KEY, type ObjectStore, ObjectsUnavailableError } from '@konferenco/core';
import { attachmentObject, ATTACHMENTS, previewObject } from '../attachments/records.ts';
import type { ObjectFrame } from './frames.ts';

/** Bytes of a file in one frame, and so on the way at a time for each file that is fetched. */
const FETCH_BYTES = 256 * 1024;
/** Files fetched at a time, and those that may wait for it. */
const AT_A_TIME = 2;
const MOST_WAITING = 100;
/** How long one piece may take, and how long whoever asks waits for all of it. A file that takes longer goes on coming. */
const PIECE_MS = 30_000;
const ASK_MS = 10_000;

const ELSEWHERE = 'the file lies at the other end of the uplink';

type Piece = Extract<ObjectFrame, { t: 'piece' }>;

interface Asked {
  readonly resolve: (piece: Piece) => void;
  readonly reject: (error: Error) => void;
  readonly cancel: () => void;
}

/** The files of the other side: whoever asks for one that is not here has it fetched over the uplink, once, and kept. */
export class ObjectBridge {
  readonly #clock: Clock;
  readonly #onFault: (error: unknown) => void;
  #inner: ObjectStore | null = null;
  #send: ((frame: ObjectFrame) => void) | null = null;
  #ref = 0;
  readonly #asked = new Map<number, Asked>();
  readonly #fetching = new Map<string, Promise<boolean>>();
  #running = 0;
  #waiting: (() => void)[] = [];

  constructor(clock: Clock, onFault: (error: unknown) => void) {
    this.#clock = clock;
    this.#onFault = onFault;
  }

  /** The storage of this side, with the files of the other behind it. */
  wrap(inner: ObjectStore): ObjectStore {
    this.#inner = inner;
    return {
      put: (key, body, size) => inner.put(key, body, size),
      get: async (key, range) =>
        (await inner.get(key, range)) ?? ((await this.#bring(key)) ? inner.get(key, range) : null),
      stat: async (key) => (await inner.stat(key)) ?? ((await this.#bring(key)) ? inner.stat(key) : null),
      delete: (key) => inner.delete(key),
      list: (prefix, page) => inner.list(prefix, page),
      link: (key, options) => inner.link(key, options),
      sweep: (before) => inner.sweep(before),
      close: () => inner.close(),
    };
  }

  join(send: (frame: ObjectFrame) => void): void {
    this.#send = send;
  }

  part(): void {
    this.#send = null;
    for (const { reject, cancel } of this.#asked.values()) {
      cancel();
      reject(new ObjectsUnavailableError(ELSEWHERE));
    }
    this.#asked.clear();
  }

  receive(frame: ObjectFrame): void {
    if (frame.t === 'fetch') {
      void this.#serve(frame).catch(this.#onFault);
      return;
    }
    const asked = this.#asked.get(frame.ref);
    this.#asked.delete(frame.ref);
    asked?.cancel();
    asked?.resolve(frame);
  }

  /** Deletes the copies of files whose records these changes delete. */
  forget(changes: NonNullable<Command['changes']>): void {
    for (const { collection, key, value } of changes) {
      if (collection !== ATTACHMENTS.name || (value !== null && value !== undefined)) continue;
      for (const object of [attachmentObject(key), previewObject(key)])
        this.#inner?.delete(object).catch(this.#onFault);
    }
  }

  /** Sends a piece of what lies here; `size: null`: it does not. */
  async #serve({ ref, key, first }: Extract<ObjectFrame, { t: 'fetch' }>): Promise<void> {
    const send = this.#send;
    const info = OBJECT_KEY.test(key) ? await this.#inner?.stat(key) : null;
    if (!info) return send?.({ t: 'piece', ref, size: null, data: '' });
    const last = Math.min(first + FETCH_BYTES, info.size) - 1;
    const parts: Uint8Array[] = [];
    if (last >= first) {
      const body = await this.#inner?.get(key, { first, last });
      if (!body) return send?.({ t: 'piece', ref, size: null, data: '' });
      for await (const part of body.bytes) parts.push(Uint8Array.from(part));
    }
    send?.({ t: 'piece', ref, size: info.size, data: Buffer.concat(parts).toString('base64') });
  }

  /** @returns whether it is here now @throws {ObjectsUnavailableError} when nobody knows, or it takes longer */
  #bring(key: string): Promise<boolean> {
    let fetching = this.#fetching.get(key);
    if (!fetching) {
      if (this.#waiting.length >= MOST_WAITING)
        return Promise.reject(new ObjectsUnavailableError('too many files wait'));
      fetching = this.#inTurn(() => this.#fetch(key)).finally(() => this.#fetching.delete(key));
      // Whoever asked may have gone when it fails.
      fetching.catch(() => undefined);
      this.#fetching.set(key, fetching);
    }
    const { promise, reject } = Promise.withResolvers<never>();
    const cancel = this.#clock.after(ASK_MS, () =>
      reject(new ObjectsUnavailableError(`${ELSEWHERE} and is on its way`)),
    );
    return Promise.race([fetching, promise]).finally(cancel);
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= AT_A_TIME) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running++;
    try {
      return await work();
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }

  async #fetch(key: string): Promise<boolean> {
    const first = await this.#ask(key, 0);
    if (first.size === null) return false;
    await this.#inner?.put(key, this.#pieces(key, first), first.size);
    return true;
  }

  async *#pieces(key: string, first: Piece): AsyncGenerator<Uint8Array> {
    let piece = first;
    for (let at = 0; ; ) {
      const bytes = Buffer.from(piece.data, 'base64');
      yield bytes;
      at += bytes.length;
      if (piece.size === null || bytes.length === 0 || at >= piece.size) return;
      piece = await this.#ask(key, at);
    }
  }

  #ask(key: string, first: number): Promise<Piece> {
    const send = this.#send;
    if (!send) return Promise.reject(new ObjectsUnavailableError(`${ELSEWHERE}, which is out of reach`));
    const ref = ++this.#ref;
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(PIECE_MS, () => {
        this.#asked.delete(ref);
        reject(new ObjectsUnavailableError(`${ELSEWHERE}, which did not answer`));
      });
      this.#asked.set(ref, { resolve, reject, cancel });
      send({ t: 'fetch', ref, key, first });
    });
  }
}
