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

/** Ways to the server, best first. */
export const TRANSPORTS = ['websocket', 'sse', 'poll'] as const satisfies readonly TransportName[];

/** Transports better than the one in use, best first. */
export function betterThan(kind: TransportName): readonly TransportName[] {
  return TRANSPORTS.slice(0, TRANSPORTS.indexOf(kind));
}

export interface SearchOptions {
  readonly environment: Pick<Environment, 'after' | 'random'>;
  /** The transport in use. */
  readonly kind: TransportName;
  /** The fields of a hello. */
  readonly hello: () => object;
  /** Time to the next look, before jitter (ms). */
  readonly pause: () => number;
  /** A socket on its way. */
  readonly open: (kind: TransportName) => Promise<TransportSocket>;
  /** Told after each look; one that found something was the last. */
  readonly found: (better: TransportName | null) => void;
}

/**
 * Looks now and then whether a better transport works: whether the server replies to a hello over it.
 *
 * @returns ends it, and leaves no socket and no timer behind
 */
export function searchBetter(options: SearchOptions): () => void {
  const { environment, kind, pause, open, found } = options;
  let isOver = false;
  let end: () => void = () => {};
  const works = async (better: TransportName): Promise<boolean> => {
    const socket = await open(better).catch(() => null);
    if (isOver) socket?.close(1000, '');
    if (!socket || isOver) return false;
    const look = lookOver(socket, options);
    end = look.end;
    return look.works;
  };
  const plan = (): void => {
    end = environment.after(pause() * (0.75 + environment.random() / 2), () => void look());
  };
  const look = async (): Promise<void> => {
    for (const better of betterThan(kind)) {
      const isWorking = await works(better);
      if (isOver) return;
      if (isWorking) return found(better);
    }
    found(null);
    plan();
  };
  plan();
  return () => {
    isOver = true;
    end();
  };
}

interface Look {
  /** Whether the server replied to a hello. */
  readonly works: Promise<boolean>;
  /** Gives it up: it found nothing. */
  end(): void;
}

/** Says hello over a socket that is on its way, and closes it. */
function lookOver(socket: TransportSocket, { environment, hello }: SearchOptions): Look {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const settle = (works: boolean) => {
    cancel();
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(1000, '');
    resolve(works);
  };
  const cancel = environment.after(LOOK_LIMIT_MS, () => settle(false));
  socket.onopen = () => socket.send(JSON.stringify({ type: 'hello', ref: 1, ...hello() }));
  socket.onmessage = (text) => settle(text.startsWith('{"type":"reply"'));
  socket.onclose = () => settle(false);
  return { works: promise, end: () => settle(false) };
}
