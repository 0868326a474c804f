import type { Socket } from './socket.ts';
import { closeEvent, eventOf } from './stream-event.ts';
import type { StreamTopics } from './stream-topics.ts';

export interface StreamSocketOptions {
  readonly topics: StreamTopics;
  /** Bytes that may wait. */
  readonly limit: number;
}

/** Told of what happens to a stream. */
export interface StreamListener {
  /** Everything that waited was taken. */
  drained(): void;
  /** The stream is over, whoever ended it. */
  closed(code: number): void;
}

/**
 * A socket whose other end is the answer to a request: what is sent waits here, bounded, until the answer takes it. To the
 * gateway it is a socket like any other, so everything that holds for sockets holds for streams.
 */
export class StreamSocket implements Socket {
  readonly #topics: StreamTopics;
  readonly #limit: number;
  readonly #joined = new Set<string>();
  #listener: StreamListener | null = null;
  #waiting: Uint8Array[] = [];
  #bytes = 0;
  #wake: (() => void) | null = null;
  #isOpen = true;

  constructor({ topics, limit }: StreamSocketOptions) {
    this.#topics = topics;
    this.#limit = limit;
  }

  /** To be called once, before anything is sent. */
  listen(listener: StreamListener): void {
    this.#listener = listener;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  send(text: string): number {
    return this.sendEvent(eventOf(text));
  }

  /** As {@link send}, of bytes that other streams may be sent too. */
  sendEvent(event: Uint8Array): number {
    if (!this.#isOpen || this.#bytes + event.length > this.#limit) return 0;
    this.#waiting.push(event);
    this.#bytes += event.length;
    this.#wakeUp();
    return event.length;
  }

  subscribe(topic: string): void {
    this.#joined.add(topic);
    this.#topics.join(topic, this);
  }

  unsubscribe(topic: string): void {
    if (this.#joined.delete(topic)) this.#topics.leave(topic, this);
  }

  isSubscribed(topic: string): boolean {
    return this.#joined.has(topic);
  }

  getBufferedAmount(): number {
    return this.#bytes;
  }

  ping(): void {}

  /** Ends the stream in good order: what waits, and why it ends, can still be taken. */
  close(code: number, reason: string): void {
    if (!this.#isOpen) return;
    this.#waiting.push(closeEvent(code, reason));
    this.#end(code);
  }

  /** The other end is gone: nothing will be taken any more. */
  abandon(): void {
    this.#waiting = [];
    if (this.#isOpen) this.#end(1006);
  }

  /** Resolves when there is something to take, the stream is over, or somebody else waits. */
  ready(): Promise<void> {
    this.#wakeUp();
    if (this.#waiting.length > 0 || !this.#isOpen) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** All that waits, in order; empty when nothing does. */
  take(): Uint8Array {
    const [first, ...rest] = this.#waiting;
    if (!first) return new Uint8Array();
    this.#waiting = [];
    this.#bytes = 0;
    if (this.#isOpen) this.#listener?.drained();
    return rest.length === 0 ? first : Buffer.concat([first, ...rest]);
  }

  #end(code: number): void {
    this.#isOpen = false;
    for (const topic of this.#joined) this.#topics.leave(topic, this);
    this.#joined.clear();
    this.#wakeUp();
    this.#listener?.closed(code);
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }
}
