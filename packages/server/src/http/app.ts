import type { Identity } from '@konferenco/core';
import { LIMITS } from '@konferenco/protocol';
import { ROUTES, type Route, type RouteName } from '@konferenco/protocol/schema';
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { getCookie, setCookie } from 'hono/cookie';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { Refused } from '../accounts/refused.ts';
import { isOperator } from '../operator/rights.ts';
import { channelHandlers } from './channels.ts';
import { conversationHandlers } from './conversations.ts';
import { addObjectRoute, attachmentHandlers } from './attachments.ts';
import { answerTo } from './errors.ts';
import { eventHandlers } from './events.ts';
import { compressed } from './compress.ts';
import type { Cookies, Handlers, HttpDeps } from './handler.ts';
import { crossOrigin, securityHeaders } from './headers.ts';
import { historyHandlers } from './history.ts';
import { inviteHandlers } from './invites.ts';
import { ADDRESS_RATE, addressKey, Buckets, USER_RATE } from './limits.ts';
import { meHandlers } from './me.ts';
import { operatorHandlers } from './operator.ts';
import { positionHandlers } from './positions.ts';
import { RawBodies } from './raw-body.ts';
import { reportHandlers } from './reports.ts';
import { searchHandlers } from './search.ts';
import { sessionHandlers } from './session.ts';
import { syncHandlers } from './sync.ts';
import { type RouteValidator, validatorOf } from './validate.ts';

/** Second argument of the application's `fetch`. */
export interface Bindings {
  /** Network address of the caller; all callers without one share their limits. */
  readonly address?: string;
}

type HonoContext = Context<{ Bindings: Bindings }>;
type App = Hono<{ Bindings: Bindings }>;

/**
 * The REST surface as a Hono application: every route of the table, under `/api`. Whatever else is served from the
 * same port can be added to it and gets the same security headers.
 */
export function createHttpApp(deps: HttpDeps): App {
  const app: App = new Hono();
  app.use(securityHeaders(() => deps.cluster?.origins() ?? [], deps.objectOrigin));
  app.use('/api/*', crossOrigin(deps.origins ?? []));
  app.use('/api/*', limitBodies());
  app.onError((error, c) => answerError(deps, c, error));
  const gate = createGate(deps);
  const handlers = handlersOf(deps);
  const bodies = new RawBodies(deps.context.clock);
  for (const name of Object.keys(ROUTES) as RouteName[]) register(app, { deps, gate, handlers, bodies, name });
  if (deps.objectLinks) addObjectRoute(app, { ...deps.attachments.context, signer: deps.objectLinks });
  deps.extend?.(app);
  app.all('/api/*', () => {
    throw new Refused('not_found', { detail: 'There is no such route.' });
  });
  return app;
}

/** JSON bodies are as large as a frame; those of bytes have a limit of their own and are not gathered here. */
function limitBodies(): MiddlewareHandler {
  const limit = bodyLimit({
    maxSize: LIMITS.frame_bytes,
    onError: () => {
      throw new Refused('too_large');
    },
  });
  return (c, next) => (c.req.method === 'PUT' && c.req.path.startsWith('/api/uploads/') ? next() : limit(c, next));
}

function handlersOf(deps: HttpDeps): Handlers {
  return {
    ...sessionHandlers(deps),
    ...meHandlers(deps),
    ...eventHandlers(deps),
    ...inviteHandlers(deps),
    ...channelHandlers(deps),
    ...conversationHandlers(deps),
    ...searchHandlers(deps),
    ...historyHandlers(deps),
    ...reportHandlers(deps),
    ...syncHandlers(deps),
    ...attachmentHandlers(deps),
    ...positionHandlers(deps),
    ...operatorHandlers(deps),
  };
}

interface Registration {
  readonly deps: HttpDeps;
  readonly gate: Gate;
  readonly handlers: Handlers;
  readonly bodies: RawBodies;
  readonly name: RouteName;
}

/** A handler as registration sees it: what comes in has been validated against the route's schemas. */
type AnyHandler = (request: unknown) => Promise<unknown>;

function register(app: App, { deps, gate, handlers, bodies, name }: Registration): void {
  const route: Route = ROUTES[name];
  const validator = validatorOf(route);
  const handle = handlers[name] as AnyHandler;
  app.on(route.method, route.path.replace(/\{(\w+)\}/g, ':$1'), async (c) => {
    const started = performance.now();
    const answer = await run(c, { route, validator, gate, bodies, handle, deps });
    deps.onAnswer?.({
      route: route.path,
      method: route.method,
      status: answer.status,
      ms: performance.now() - started,
    });
    return answer;
  });
}

interface Run {
  readonly route: Route;
  readonly validator: RouteValidator;
  readonly gate: Gate;
  readonly bodies: RawBodies;
  readonly handle: AnyHandler;
  readonly deps: HttpDeps;
}

async function run(c: HonoContext, { route, validator, gate, bodies, handle, deps }: Run): Promise<Response> {
  let release = () => {};
  try {
    const identity = await (route.auth === 'none' ? gate.anonymous(c) : gate.identify(c));
    if (route.auth === 'operator' && !(identity && (await isOperator(deps.context, identity.user)))) {
      throw new Refused('forbidden');
    }
    const params = validator.params(c.req.param());
    const query = validator.query(c.req.query());
    let body: unknown = route.body ? validator.body(await jsonOf(c)) : undefined;
    if (route.bytes !== undefined && identity) {
      ({ bytes: body, release } = await bodies.read(c.req.raw, identity.user, route.bytes));
    }
    const { origin, cookies } = { origin: originOf(deps, c), cookies: cookiesOf(c) };
    const answer = (await handle({ params, query, body, identity, origin, cookies })) as object;
    return route.path === ROUTES.sync.path ? compressed(c.req.raw, c.json(answer)) : c.json(answer);
  } catch (error) {
    return answerError(deps, c, error);
  } finally {
    release();
  }
}

interface Gate {
  identify(c: HonoContext): Promise<Identity>;
  anonymous(c: HonoContext): Promise<null>;
}

/** Who asks, and whether they ask too often. */
function createGate(deps: HttpDeps): Gate {
  const limited = deps.rateLimits ?? true;
  const { requestRates: shared } = deps;
  const { clock } = deps.context;
  const users = new Buckets({ name: 'rest', rate: USER_RATE, clock, shared });
  const addresses = new Buckets({ name: 'address', rate: ADDRESS_RATE, clock, shared });
  const perAddress = async (c: HonoContext) => {
    if (limited) await addresses.take(addressKey(addressOf(c)));
  };
  return {
    async anonymous(c) {
      await perAddress(c);
      return null;
    },
    async identify(c) {
      const [scheme, token, rest] = (c.req.header('Authorization') ?? '').split(' ');
      if (scheme?.toLowerCase() !== 'bearer' || !token || rest !== undefined) throw new Refused('unauthenticated');
      const authentication = await deps.authenticator.token(token);
      if (!authentication.ok) {
        await perAddress(c);
        throw new Refused(authentication.error);
      }
      if (limited) await users.take(authentication.identity.user);
      return authentication.identity;
    },
  };
}

function answerError(deps: HttpDeps, c: HonoContext, error: unknown): Response {
  const { status, body, fault } = answerTo(error);
  if (fault) deps.onFault(error);
  if (body.retry_after_ms !== undefined) c.header('Retry-After', String(Math.ceil(body.retry_after_ms / 1000)));
  if (status === 401) c.header('WWW-Authenticate', 'Bearer');
  return c.json(body, status as ContentfulStatusCode);
}

async function jsonOf(c: HonoContext): Promise<unknown> {
  const text = await c.req.text();
  try {
    return JSON.parse(text);
  } catch {
    throw new Refused('malformed', { detail: 'The body is not valid JSON.' });
  }
}

function originOf(deps: HttpDeps, c: HonoContext): string {
  return deps.publicUrl || new URL(c.req.url).origin;
}

/** Cookies that no script of a page reads, and that come along from nowhere but the page itself. */
function cookiesOf(c: HonoContext): Cookies {
  return {
    get: (name) => getCookie(c, name),
    set: (name, value, { maxAge_s: maxAge, secure }) =>
      setCookie(c, name, value, { maxAge, secure, path: '/', httpOnly: true, sameSite: 'Lax' }),
  };
}

function addressOf(c: HonoContext): string {
  return c.env?.address ?? 'unknown';
}
