import type { Tokens } from '@konferenco/protocol';
import { asError, clientError, KonferencoError } from './errors.ts';
import { ROUTE_PATHS, type RouteAddress } from './routes.ts';
import { serverError, type ServerErrorName } from './server-errors.ts';
import type { Environment, KonferencoErrorLike, Rest } from './types.ts';

export interface RestOptions {
  readonly url: string;
  readonly environment: Pick<Environment, 'fetch' | 'now'>;
  readonly tokens: {
    readonly current: Tokens | null;
    /** Renews the credentials; rejects when they are gone. */
    refresh(): Promise<Tokens>;
  };
}

interface Call {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: object | undefined;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

type NamedRoute = keyof typeof ROUTE_PATHS;

/** Routes that need no credentials, `refresh` above all: it must not call itself. */
const OPEN_ROUTES: ReadonlySet<string> = new Set(['signIn', 'refresh', 'server', 'invite']);

/** Calls the REST surface. An expired token is renewed and the call repeated once; everything else is the caller's to judge. */
export function createRest(options: RestOptions): Rest {
  const call = async (route: NamedRoute | RouteAddress, request: Call): Promise<unknown> => {
    const open = OPEN_ROUTES.has(route);
    const tokens = options.tokens.current;
    if (!tokens && !open) throw clientError('not_signed_in');
    try {
      return await send(options, { route, request, token: open ? null : (tokens?.access_token ?? null) });
    } catch (error) {
      if (open || !(error instanceof KonferencoError) || error.code < 2000 || error.code > 2002) throw error;
      const { access_token } = await options.tokens.refresh();
      return send(options, { route, request, token: access_token });
    }
  };
  return ((route: NamedRoute | RouteAddress, request: Call = {}) => call(route, request)) as Rest;
}

async function send(
  { url, environment }: RestOptions,
  call: { route: NamedRoute | RouteAddress; request: Call; token: string | null },
): Promise<unknown> {
  const [method = 'GET', path = '/'] = (ROUTE_PATHS[call.route as NamedRoute] ?? call.route).split(' ');
  const { params = {}, query = {}, body, signal } = call.request;
  const address = new URL(
    path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? '')),
    url,
  );
  for (const [name, value] of Object.entries(query))
    if (value !== undefined) address.searchParams.set(name, String(value));
  const headers: Record<string, string> = { accept: 'application/json' };
  if (call.token !== null) headers.authorization = `Bearer ${call.token}`;
  const isBytes = body instanceof Uint8Array;
  if (body !== undefined) headers['content-type'] = isBytes ? 'application/octet-stream' : 'application/json';
  let response: Response;
  try {
    response = await environment.fetch(address.href, {
      method,
      headers,
      ...(body === undefined ? {} : { body: isBytes ? (body as Uint8Array<ArrayBuffer>) : JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw asError(error);
  }
  const text = await response.text().catch((error: unknown) => Promise.reject(asError(error)));
  const data = parse(text);
  if (!response.ok) throw refusal(response, data, environment.now());
  return data ?? {};
}

function parse(text: string): unknown {
  try {
    return text === '' ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

/** The error of an answer: its own body, or what its status means when something in between answered. */
function refusal(response: Response, data: unknown, now: number): KonferencoError {
  const after = retryAfter(response.headers.get('retry-after'), now);
  if (typeof data === 'object' && data !== null && 'code' in data && 'error' in data) {
    const body = data as KonferencoErrorLike;
    return new KonferencoError({
      ...(after === undefined ? {} : { retry_after_ms: after }),
      ...body,
      message: body.message ?? body.error,
    });
  }
  return serverError(nameOf(response.status), after);
}

function nameOf(status: number): ServerErrorName {
  if (status === 401) return 'unauthenticated';
  if (status === 403) return 'forbidden';
  if (status === 404) return 'not_found';
  if (status === 409) return 'conflict';
  if (status === 413) return 'too_large';
  if (status === 429) return 'rate_limited';
  if (status === 502 || status === 503 || status === 504) return 'overloaded';
  return status >= 500 ? 'internal' : 'invalid';
}

/** `Retry-After` (RFC 9110 §10.2.3), in seconds or as a date, in milliseconds from now. */
function retryAfter(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
