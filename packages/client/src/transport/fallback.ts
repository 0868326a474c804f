import { PollDownlink } from './poll.ts';
import { RequestSocket, type RequestSocketOptions } from './request-socket.ts';
import { SseDownlink } from './sse.ts';
import type { TransportName } from './transport-choice.ts';

/** A socket over requests. Loaded only where no WebSocket gets through, so that nobody else pays for it. */
export function openFallback(
  kind: Exclude<TransportName, 'websocket'>,
  options: Omit<RequestSocketOptions, 'downlink'>,
): RequestSocket {
  const downlink = kind === 'sse' ? SseDownlink : PollDownlink;
  return new RequestSocket({ ...options, downlink: (host) => new downlink(host) });
}
