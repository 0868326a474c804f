import { BLOCKED, type Ending, endingOf, UNREACHABLE } from './ending.ts';
import { deliver, type Downlink, type DownlinkHost } from './downlink.ts';
import { EventParser, type StreamEvent } from './event-parser.ts';

/** A stream that brought nothing by then is held back by something in between, which may never let it go. */
export const FIRST_EVENT_MS = 6_000;
/** Changes of one moment make one new stream. */
const GATHER_MS = 20;
/** Age at which the next stream is begun, before jitter: well within the server's lease of 90 s. */
export const RENEW_MS = 40_000;

/** One request's answer as it comes. */
interface Stream {
  readonly abort: AbortController;
  /** Frames of its request without an answer. */
  unanswered: number;
  hasBegun: boolean;
  cancelDeadline: () => void;
}

/**
 * The way down by Server-Sent Events. A change of what is wanted, and the end of a lease, begin the next stream, and the
 * one before ends only once that stands; so nothing is missed, and it may come from another node.
 */
export class SseDownlink implements Downlink {
  readonly #host: DownlinkHost;
  #current: Stream | null = null;
  #next: Stream | null = null;
  #isStale = false;
  #isClosed = false;
  #cancelPlan: (() => void) | null = null;

  constructor(host: DownlinkHost) {
    this.#host = host;
  }

  changed(): void {
    if (this.#isClosed) return;
    if (this.#next) this.#isStale = true;
    else if (!this.#current) this.#begin();
    else this.#plan(GATHER_MS);
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelPlan?.();
    for (const stream of [this.#current, this.#next]) stream && this.#drop(stream);
  }

  #plan(ms: number): void {
    this.#cancelPlan?.();
    this.#cancelPlan = this.#host.environment.after(ms, () => this.#begin());
  }

  #begin(): void {
    this.#cancelPlan?.();
    this.#isStale = false;
    const request = this.#host.request();
    const unanswered = Object.keys(request).length;
    const stream: Stream = { abort: new AbortController(), unanswered, hasBegun: false, cancelDeadline: () => {} };
    stream.cancelDeadline = this.#host.environment.after(FIRST_EVENT_MS, () => this.#end(stream, BLOCKED));
    this.#next = stream;
    void this.#read(stream, request);
  }

  async #read(stream: Stream, request: object): Promise<void> {
    let ending = UNREACHABLE;
    try {
      const response = await this.#host.post('/api/stream', request, stream.abort.signal);
      ending = BLOCKED;
      const isStream = response.headers.get('content-type')?.startsWith('text/event-stream');
      if (!response.ok) ending = await endingOf(response);
      else if (isStream && response.body) await this.#readBody(stream, response.body);
    } catch {
      // Cut while it ran, or never answered; the ending says which.
    }
    this.#end(stream, ending);
  }

  async #readBody(stream: Stream, body: ReadableStream<Uint8Array>): Promise<void> {
    const parser = new EventParser();
    const decoder = new TextDecoder();
    const reader = body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      for (const event of parser.push(decoder.decode(value, { stream: true }))) {
        if (stream.abort.signal.aborted) return;
        this.#take(stream, event);
      }
    }
  }

  #take(stream: Stream, event: StreamEvent): void {
    if (!stream.hasBegun) stream.cancelDeadline();
    stream.hasBegun = true;
    const frame = deliver(event, this.#host);
    // Refs on a stream are those of its own request.
    if ((frame?.type === 'reply' || frame?.type === 'error') && frame.ref !== undefined) this.#answered(stream);
  }

  #answered(stream: Stream): void {
    stream.unanswered--;
    if (stream !== this.#next || stream.unanswered > 0) return;
    const before = this.#current;
    this.#current = stream;
    this.#next = null;
    if (before) this.#drop(before);
    const jitter = 0.75 + this.#host.environment.random() / 2;
    this.#plan(this.#isStale ? GATHER_MS : RENEW_MS * jitter);
  }

  #end(stream: Stream, ending: Ending): void {
    if (this.#isClosed || stream.abort.signal.aborted) return;
    this.#drop(stream);
    const hasSuccessor = stream === this.#current && this.#next !== null;
    if (stream === this.#current) this.#current = null;
    if (stream === this.#next) this.#next = null;
    if (!hasSuccessor) this.#host.ended(ending);
  }

  #drop(stream: Stream): void {
    stream.cancelDeadline();
    stream.abort.abort();
  }
}
