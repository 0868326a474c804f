import { type Authentication, type Authenticator, type Identity, StoreUnavailableError } from '@konferenco/core';
import { ERROR_CODES, type ErrorName, LIMITS, SUBPROTOCOL } from '@konferenco/protocol';
import type { Server, ServerWebSocket } from 'bun';
import type { Metrics } from '../observability/metrics.ts';
import { type Door, encodingOf, isOriginAllowed } from './admission.ts';
import type { Connection } from './connection.ts';
import type { Gateway } from './gateway.ts';
import type { Encoding } from './socket.ts';

/** What Bun keeps for us beside each socket: a person's, or one that is served by itself. */
export type SocketData = PersonSocket | { readonly kind: 'end'; readonly end: SocketEnd };

interface PersonSocket {
  readonly kind: 'person';
  readonly identity: Identity;
  readonly encoding: Encoding;
  connection: Connection | null;
}

/** A socket as what serves it by itself sees it. */
export interface EndSocket {
  send(bytes: Uint8Array): number;
  getBufferedAmount(): number;
  close(code: number, reason: string): void;
}

/** What serves a socket that is no person's. It takes bytes alone. */
export interface SocketEnd {
  open(socket: EndSocket): void;
  message(bytes: Uint8Array): void;
  drain(): void;
  close(): void;
}

export interface WebSocketDeps {
  readonly gateway: Gateway;
  readonly door: Door;
  readonly authenticator: Authenticator;
  readonly metrics: Metrics;
  readonly origins: readonly string[];
  /** Origins of the cluster's own pages, which may be served by another node than the socket's. */
  readonly ownOrigins?: () => readonly string[];
  /** Bytes that may wait for one connection. */
  readonly sendBuffer: number;
}

/** Bun's socket handlers: the only place that knows Bun's socket interface. */
export function socketHandlers({ gateway, sendBuffer }: Pick<WebSocketDeps, 'gateway' | 'sendBuffer'>) {
  return {
    data: {} as SocketData,
    maxPayloadLength: LIMITS.frame_bytes,
    backpressureLimit: sendBuffer,
    closeOnBackpressureLimit: false,
    // The wheel keeps time for all connections; see gateway/wheel.ts.
    idleTimeout: 0,
    sendPings: false,
    // A compressor of its own would cost each connection 226 KB.
    perMessageDeflate: { compress: 'shared', decompress: 'shared' },
    open(ws: ServerWebSocket<SocketData>) {
      if (ws.data.kind === 'end') return ws.data.end.open(ws);
      ws.data.connection = gateway.open(ws, ws.data.identity, ws.data.encoding);
    },
    message(ws: ServerWebSocket<SocketData>, message: string | Buffer) {
      if (ws.data.kind === 'end') return receiveBytes(ws, ws.data.end, message);
      const { connection } = ws.data;
      if (!connection) return;
      // An empty text is no JSON: binary frames are answered as malformed, like any other text that is not a frame.
      gateway.receive(connection, typeof message === 'string' ? message : '');
    },
    drain(ws: ServerWebSocket<SocketData>) {
      if (ws.data.kind === 'end') ws.data.end.drain();
      else if (ws.data.connection) gateway.drained(ws.data.connection);
    },
    pong(ws: ServerWebSocket<SocketData>) {
      if (ws.data.kind === 'person' && ws.data.connection) gateway.alive(ws.data.connection);
    },
    close(ws: ServerWebSocket<SocketData>, code: number) {
      if (ws.data.kind === 'end') ws.data.end.close();
      else if (ws.data.connection) gateway.closed(ws.data.connection, code);
    },
  } as const;
}

function receiveBytes(ws: Pick<ServerWebSocket, 'close'>, end: SocketEnd, message: string | Buffer): void {
  if (typeof message === 'string') ws.close(1003, 'bytes only');
  else end.message(message);
}

export interface EndsOptions {
  readonly port: number;
  readonly host: string;
  /** What serves a socket at this path; `null`: it is turned away. */
  readonly accept: (path: string) => SocketEnd | null;
  /** Answers every other request. */
  readonly answer: (path: string) => Response;
}

/** A server for sockets that are no person's, and nothing else. */
export function serveEnds({ port, host, accept, answer }: EndsOptions): Server<SocketEnd> {
  return Bun.serve<SocketEnd>({
    port,
    hostname: host,
    fetch(request, self) {
      const { pathname } = new URL(request.url);
      const data = request.headers.has('upgrade') ? accept(pathname) : null;
      return data && self.upgrade(request, { data }) ? undefined : answer(pathname);
    },
    websocket: {
      data: {} as SocketEnd,
      maxPayloadLength: LIMITS.frame_bytes,
      open: (ws) => ws.data.open(ws),
      message: (ws, message) => receiveBytes(ws, ws.data, message),
      drain: (ws) => ws.data.drain(),
      close: (ws) => ws.data.close(),
    },
  });
}

/**
 * Upgrades a request for `/ws`, or says why not. Refusals come before the upgrade and cost no socket: 401 for
 * credentials, 403 for a foreign page, 400 for another subprotocol, 429 with `Retry-After` when it is too much.
 */
export async function upgrade(
  deps: WebSocketDeps,
  request: Request,
  server: Server<SocketData>,
): Promise<Response | undefined> {
  const { gateway, door, origins, metrics } = deps;
  const query = new URL(request.url).searchParams;
  const hasTicket = query.has('ticket');
  const admission = door.admit(gateway.connections, Date.now(), hasTicket);
  if (!admission.ok) {
    metrics.drops.inc({ reason: 'admission' });
    return refusal(admission.error, admission.error === 'draining' ? 503 : 429, {
      'retry-after': String(Math.ceil(admission.retry_after_ms / 1000)),
    });
  }
  const encoding = encodingOf(request.headers.get('sec-websocket-protocol'));
  if (!encoding) return refusal('invalid', 400, { 'sec-websocket-protocol': SUBPROTOCOL });
  const origin = request.headers.get('origin');
  const allowed = [...origins, ...(deps.ownOrigins?.() ?? [])];
  if (!isOriginAllowed(origin, request.headers.get('host'), allowed)) return refusal('forbidden', 403);
  const authentication = await authenticate(deps.authenticator, query).catch(unavailable);
  if (!authentication) return refusal('store_unavailable', 503, { 'retry-after': '5' });
  if (!authentication.ok) {
    metrics.refusals.inc({ error: authentication.error });
    return refusal(authentication.error, 401);
  }
  const headers: Record<string, string> = encoding === 'frames' ? { 'sec-websocket-protocol': SUBPROTOCOL } : {};
  const data: SocketData = { kind: 'person', identity: authentication.identity, encoding, connection: null };
  if (server.upgrade(request, { data, headers })) return undefined;
  return refusal('invalid', 426, { upgrade: 'websocket' });
}

async function authenticate(authenticator: Authenticator, query: URLSearchParams): Promise<Authentication> {
  const ticket = query.get('ticket');
  if (ticket !== null) return authenticator.ticket(ticket);
  const token = query.get('token');
  return token === null ? { ok: false, error: 'unauthenticated' } : authenticator.token(token);
}

/** Credentials that nobody can look up now are neither good nor bad. */
function unavailable(error: unknown): null {
  if (error instanceof StoreUnavailableError) return null;
  throw error;
}

function refusal(error: ErrorName, status: number, headers: Record<string, string> = {}): Response {
  const { code, text } = ERROR_CODES[error];
  return Response.json({ error, code, message: text }, { status, headers });
}
