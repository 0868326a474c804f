import type { ClientFrame, ServerFrame } from '@konferenco/protocol';
import type { Environment, Socket } from '../types.ts';
import type { Downlink, DownlinkHost } from './downlink.ts';
import { type Ending, UNREACHABLE } from './ending.ts';
import type { Failure } from './transport-choice.ts';
import { Uplink } from './uplink.ts';
import { ANOTHER, Wanted } from './wanted.ts';

/** Where requests go, and what they are authorised by. */
export interface Access {
  /** Base address of the server. */
  readonly url: string;
  /** An access token, or in demo mode a name. */
  readonly token: string;
}

/** A socket that knows why it ended before it worked. */
export interface TransportSocket extends Socket {
  readonly failure?: Failure | undefined;
}

type Surroundings = DownlinkHost['environment'] & Pick<Environment, 'fetch'>;

export interface RequestSocketOptions {
  readonly environment: Surroundings;
  readonly access: Access;
  readonly downlink: (host: DownlinkHost) => Downlink;
}

/**
 * A socket made of requests. What concerns the live part goes into {@link Wanted} and from there into the way down; every
 * other frame goes up by itself, with its answer in the response.
 */
export class RequestSocket implements TransportSocket {
  onopen: (() => void) | null = null;
  onmessage: ((text: string) => void) | null = null;
  onclose: ((code: number, reason: string) => void) | null = null;
  failure: Failure = 'unknown';
  readonly #environment: Surroundings;
  readonly #url: string;
  readonly #wanted = new Wanted();
  readonly #uplink: Uplink;
  readonly #downlink: Downlink;
  #token: string;
  #isOpen = true;

  constructor({ environment, access, downlink }: RequestSocketOptions) {
    this.#environment = environment;
    this.#url = access.url;
    this.#token = access.token;
    const ended = (ending: Ending) => this.#end(ending);
    this.#uplink = new Uplink({
      post: (frames, last) => this.#postFrames(frames, last),
      hear: (text) => this.#tell(text),
      ended,
    });
    this.#downlink = downlink({
      environment,
      request: () => this.#wanted.request(),
      post: (path, body, signal) => this.#post(path, JSON.stringify(body), { signal }),
      hear: (frame, text) => this.#hear(frame, text),
      ended,
    });
    // There is nothing to open: the first frame begins. Its owner must have had the time to listen.
    environment.after(0, () => this.#isOpen && this.onopen?.());
  }

  get buffered(): number {
    return this.#uplink.buffered;
  }

  send(text: string): void {
    if (!this.#isOpen) return;
    const frame = JSON.parse(text) as ClientFrame;
    // Requests are sign of life enough.
    if (frame.type === 'heartbeat') return;
    if (frame.type === 'auth') this.#token = frame.token;
    const answers = this.#wanted.ask(frame);
    if (answers === null) return this.#uplink.push(text);
    for (const answer of answers) this.#tell(JSON.stringify(answer));
    this.#downlink.changed();
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#downlink.close();
    this.#uplink.close();
  }

  #hear(frame: ServerFrame, text: string): void {
    const instead = this.#wanted.hear(frame);
    if (instead === ANOTHER) return this.#end(UNREACHABLE);
    if (instead === null) return this.#tell(text);
    for (const each of instead) this.#tell(JSON.stringify(each));
  }

  #tell(text: string): void {
    if (this.#isOpen) this.onmessage?.(text);
  }

  #end({ code, reason, failure }: Ending): void {
    if (!this.#isOpen) return;
    this.failure = failure;
    this.close();
    this.onclose?.(code, reason);
  }

  #postFrames(frames: string, last: boolean): Promise<Response> {
    const { since, device } = this.#wanted;
    const rest = JSON.stringify({ since, device_id: device });
    return this.#post('/api/frames', `{"frames":${frames}${rest === '{}' ? '' : `,${rest.slice(1, -1)}`}}`, {
      keepalive: last,
    });
  }

  #post(path: string, body: string, init: RequestInit): Promise<Response> {
    return this.#environment.fetch(new URL(path, this.#url).href, {
      ...init,
      method: 'POST',
      body,
      cache: 'no-store',
      headers: {
        authorization: `Bearer ${encodeURIComponent(this.#token)}`,
        'content-type': 'application/json',
        accept: 'text/event-stream',
      },
    });
  }
}
