import type { Environment } from '../types.ts';
import { PollDownlink } from './poll.ts';
import { RequestSocket, type RequestSocketOptions, type TransportSocket } from './request-socket.ts';
import { SseDownlink } from './sse.ts';
import type { TransportName } from './transport-choice.ts';

/** From the beginning of a look for a better transport to its reply to hello. */
const LOOK_LIMIT_MS = 8_000;

/** A socket over requests. Loaded only where no WebSocket gets through, so that nobody else pays for it. */
export function openFallback(
  kind: Exclude<TransportName, 'websocket'>,
  options: Omit<RequestSocketOptions, 'downlink'>,
): RequestSocket {
  const downlink = kind === 'sse' ? SseDownlink : PollDownlink;
  return new RequestSocket({ ...options, downlink: (host) => new downlink(host) });
}

export interface Look {
  /** Whether the server replied to a hello. */
  readonly works: Promise<boolean>;
  /** Gives it up: it found nothing. */
  end(): void;
}

/** Says hello over a socket that is on its way, and closes it. `hello`: its fields. */
export function lookOver(
  socket: TransportSocket,
  options: { readonly environment: Pick<Environment, 'after'>; readonly hello: () => object },
): Look {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const found = (works: boolean) => {
    cancel();
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(1000, '');
    resolve(works);
  };
  const cancel = options.environment.after(LOOK_LIMIT_MS, () => found(false));
  socket.onopen = () => socket.send(JSON.stringify({ type: 'hello', ref: 1, ...options.hello() }));
  socket.onmessage = (text) => found(text.startsWith('{"type":"reply"'));
  socket.onclose = () => found(false);
  return { works: promise, end: () => found(false) };
}
