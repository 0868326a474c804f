import type { Authenticator, Clock, Identity, RequestRates } from '@konferenco/core';
import { FramesRequest, PollRequest, StreamRequest } from '@konferenco/protocol/schema';
import { type Context as HonoContext, Hono } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Refused } from '../accounts/refused.ts';
import { type Door, isOriginAllowed } from '../gateway/admission.ts';
import type { Answers } from '../gateway/answers.ts';
import type { StreamSocket } from '../gateway/stream-socket.ts';
import type { Streams } from '../gateway/streams.ts';
import type { Metrics } from '../observability/metrics.ts';
import { answerTo } from './errors.ts';
import { addressKey, ADDRESS_RATE, Buckets } from './limits.ts';

/** Streams begun and rounds polled by one person, over all their devices. */
const STREAM_RATE = { burst: 120, per_s: 20 };

const HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  // Neither kept nor changed on the way: a stream that is compressed or gathered is no stream.
  'Cache-Control': 'no-store, no-transform',
  'X-Accel-Buffering': 'no',
};

export interface StreamRoutesDeps {
  readonly streams: Streams;
  readonly answers: Answers;
  readonly door: Door;
  /** Open connections of all kinds. */
  readonly connections: () => number;
  readonly authenticator: Authenticator;
  /** Whether a person was removed from every event they belonged to. */
  readonly isShutOut: (user: string) => Promise<boolean>;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** Origins other than the server's own that browsers may call from. */
  readonly origins: readonly string[];
  readonly rateLimits: boolean;
  /** Rates that nodes count together; without it each counts for itself. */
  readonly requestRates?: RequestRates | undefined;
  /** Told of every failure that is the server's own. */
  readonly onFault: (error: unknown) => void;
}

type App = Hono<{ Bindings: { readonly address?: string } }>;
type Call = HonoContext<{ Bindings: { readonly address?: string } }>;

/** The fallback transports' three requests (P2): `POST /api/stream`, `/api/poll` and `/api/frames`. */
export function createStreamApp(deps: StreamRoutesDeps): App {
  const app: App = new Hono();
  const gate = createGate(deps);
  const { streams, answers } = deps;
  const readers = { stream: bodyOf(StreamRequest), poll: bodyOf(PollRequest), frames: bodyOf(FramesRequest) };

  app.post('/api/stream', async (c) => {
    gate.origin(c);
    const token = tokenOf(c);
    const request = await readers.stream(c);
    gate.door();
    const identity = await gate.identify(c, token);
    await gate.rate(identity.user);
    const socket = streams.open(identity, request);
    return new Response(readable(socket), { headers: HEADERS });
  });

  app.post('/api/poll', async (c) => {
    gate.origin(c);
    const token = tokenOf(c);
    const request = await readers.poll(c);
    const known = streams.find(request.session, token);
    if (known) {
      await gate.rate(known.connection.user);
      streams.renew(known, request);
      return answer(await streams.answer(known, c.req.raw.signal));
    }
    gate.door();
    const identity = await gate.identify(c, token);
    await gate.rate(identity.user);
    return answer(await streams.answer(streams.begin(identity, request, token), c.req.raw.signal));
  });

  app.post('/api/frames', async (c) => {
    gate.origin(c);
    const token = tokenOf(c);
    const request = await readers.frames(c);
    const identity = await gate.identify(c, token);
    return answer(await answers.answer(identity, request, c.req.raw.signal));
  });

  app.onError((error, c) => {
    const { status, body, fault } = answerTo(error);
    if (fault) deps.onFault(error);
    if (body.retry_after_ms !== undefined) c.header('Retry-After', String(Math.ceil(body.retry_after_ms / 1000)));
    if (status === 401) c.header('WWW-Authenticate', 'Bearer');
    return c.json(body, status as ContentfulStatusCode);
  });
  return app;
}

function answer(events: Uint8Array): Response {
  return new Response(events as Uint8Array<ArrayBuffer>, { headers: HEADERS });
}

/** The body of a stream: takes what waits whenever the network takes more, and nothing before. */
function readable(socket: StreamSocket): ReadableStream<Uint8Array> {
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    for (;;) {
      await socket.ready();
      const events = socket.take();
      if (events.length > 0) return controller.enqueue(events);
      if (!socket.isOpen) return controller.close();
    }
  };
  return new ReadableStream({ pull, cancel: () => socket.abandon() }, { highWaterMark: 0 });
}

/** Who may call, and how often. Each member throws {@link Refused}. */
function createGate(deps: StreamRoutesDeps) {
  const { door, authenticator, metrics, clock, origins, rateLimits } = deps;
  const { requestRates: shared } = deps;
  const users = new Buckets({ name: 'stream', rate: STREAM_RATE, clock, shared });
  const addresses = new Buckets({ name: 'stream-address', rate: ADDRESS_RATE, clock, shared });
  return {
    origin(c: Call): void {
      const allowed = isOriginAllowed(c.req.header('Origin') ?? null, c.req.header('Host') ?? null, origins);
      if (!allowed) throw new Refused('forbidden');
    },
    door(): void {
      const admission = door.admit(deps.connections(), clock.now());
      if (admission.ok) return;
      metrics.drops.inc({ reason: 'admission' });
      throw new Refused(admission.error, { retry_after_ms: admission.retry_after_ms });
    },
    async rate(user: string): Promise<void> {
      if (rateLimits) await users.take(user);
    },
    async identify(c: Call, token: string): Promise<Identity> {
      const authentication = await authenticator.token(token);
      if (!authentication.ok) {
        metrics.refusals.inc({ error: authentication.error });
        if (rateLimits) await addresses.take(addressKey(c.env?.address ?? 'unknown'));
        throw new Refused(authentication.error);
      }
      if (await deps.isShutOut(authentication.identity.user)) throw new Refused('banned');
      return authentication.identity;
    },
  };
}

function tokenOf(c: Call): string {
  const [scheme, token, rest] = (c.req.header('Authorization') ?? '').split(' ');
  if (scheme?.toLowerCase() !== 'bearer' || !token || rest !== undefined) throw new Refused('unauthenticated');
  return decodedToken(token);
}

/** Names that sign in by themselves (demo mode) need not be ASCII; they come percent-encoded. */
function decodedToken(token: string): string {
  try {
    return decodeURIComponent(token);
  } catch {
    throw new Refused('token_invalid');
  }
}

function bodyOf<S extends TSchema>(schema: S): (c: Call) => Promise<Static<S>> {
  const compiled = Compile(schema);
  return async (c) => {
    const value = parse(await c.req.text());
    if (compiled.Check(value)) return value as Static<S>;
    const [first] = compiled.Errors(value);
    throw new Refused('invalid', { detail: `body${first?.instancePath ?? ''} ${first?.message ?? 'is invalid'}` });
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refused('malformed', { detail: 'The body is not valid JSON.' });
  }
}
