import { ROUTES, type Route, type RouteBody, type RouteName, type RouteResponse } from '@konferenco/protocol/schema';
import { Compile } from 'typebox/compile';
import { Registry } from 'prom-client';
import { createAuthenticator } from '../accounts/authenticator.ts';
import { createMemoryKeyStore } from '../accounts/key-store.ts';
import { createWorld, type World } from '../accounts/test-world.ts';
import { createTicketService } from '../accounts/tickets.ts';
import { createTokenService, type TokenService } from '../accounts/tokens.ts';
import { createMemoryPositions } from '../adapters/embedded/positions.ts';
import { createMemoryObjects } from '../adapters/memory/objects.ts';
import { Attachments } from '../attachments/attachments.ts';
import { createAttachmentMetrics } from '../attachments/metrics.ts';
import { createLinkSigner } from '../attachments/signed-link.ts';
import { PositionKeeper } from '../positions/keeper.ts';
import { createHttpApp } from './app.ts';
import type { ErrorBody } from './errors.ts';
import type { Answer, HttpDeps } from './handler.ts';
import { createTestTalk, type TestTalk } from './test-talk.ts';

export interface Call<Name extends RouteName> {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: RouteBody<Name>;
  readonly token?: string;
  readonly address?: string;
}

/** A REST surface over the test world, and people signed in to it. */
export interface TestApi extends World, TestTalk {
  readonly app: ReturnType<typeof createHttpApp>;
  readonly tokens: TokenService;
  readonly deps: HttpDeps;
  readonly answers: Answer[];
  readonly faults: unknown[];
  /** The response of a route as it is. */
  send<Name extends RouteName>(route: Name, call?: Call<Name>): Promise<Response>;
  /** The data of a route, checked against its schema. Fails when it answers with an error. */
  call<Name extends RouteName>(route: Name, user: string | null, call?: Call<Name>): Promise<RouteResponse<Name>>;
  /** The name of the error a route answers with; `'ok'` when it succeeds. */
  refusal<Name extends RouteName>(route: Name, user: string | null, call?: Call<Name>): Promise<string>;
  tokenOf(user: string): Promise<string>;
}

export async function createTestApi(
  options: Parameters<typeof createWorld>[0] & Partial<HttpDeps> = {},
): Promise<TestApi> {
  const world = await createWorld(options);
  const tokens = await createTokenService({ ...world, keys: createMemoryKeyStore() });
  const tickets = createTicketService({ ...world, secret: tokens.ticketSecret });
  const authenticator = createAuthenticator({ context: world, tokens, tickets });
  const answers: Answer[] = [];
  const faults: unknown[] = [];
  const signer = createLinkSigner({ secret: tokens.ticketSecret, now: () => world.clock.now() });
  const attachments = new Attachments({
    ...world,
    objects: createMemoryObjects({ ...signer, now: () => world.clock.now() }),
    metrics: createAttachmentMetrics(new Registry()),
    options: { max_bytes: 20_000_000, types: [], daily_bytes: 100_000_000 },
  });
  const positions = new PositionKeeper({
    positions: createMemoryPositions({ now: () => world.clock.now() }),
    context: world,
    count: () => {},
    onFault: (error) => faults.push(error),
  });
  const deps: HttpDeps = {
    context: world,
    positions,
    attachments,
    objectLinks: signer,
    tokens,
    tickets,
    authenticator,
    onAnswer: (answer) => answers.push(answer),
    onFault: (error) => faults.push(error),
    ...options,
  };
  const app = createHttpApp(deps);
  const signedIn = new Map<string, string>();

  const api: TestApi = {
    ...world,
    ...createTestTalk(world),
    app,
    tokens,
    deps,
    answers,
    faults,
    async send(name, { params = {}, query, body, token, address } = {}) {
      const route: Route = ROUTES[name];
      const path = route.path.replace(/\{(\w+)\}/g, (_, param: string) => encodeURIComponent(params[param] ?? ''));
      const search = query ? `?${new URLSearchParams(query)}` : '';
      const init = {
        method: route.method,
        headers: {
          ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
          ...(body === undefined || isBytes(body) ? {} : { 'Content-Type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: isBytes(body) ? body : JSON.stringify(body) }),
      };
      return app.fetch(new Request(`http://hui.test${path}${search}`, init), address === undefined ? {} : { address });
    },
    async tokenOf(user) {
      const known = signedIn.get(user);
      if (known) return known;
      const { access_token } = await tokens.begin(user, 'phone');
      signedIn.set(user, access_token);
      return access_token;
    },
    async call(name, user, call = {}) {
      const response = await api.send(name, user === null ? call : { ...call, token: await api.tokenOf(user) });
      const data: unknown = await response.json();
      if (response.status !== 200) throw new Error(`${name}: ${response.status} ${JSON.stringify(data)}`);
      const schema = Compile(ROUTES[name].response);
      if (!schema.Check(data)) throw new Error(`${name}: ${JSON.stringify([...schema.Errors(data)])}`);
      return data as RouteResponse<typeof name>;
    },
    async refusal(name, user, call = {}) {
      const response = await api.send(name, user === null ? call : { ...call, token: await api.tokenOf(user) });
      return response.status === 200 ? 'ok' : ((await response.json()) as ErrorBody).error;
    },
  };
  return api;
}

function isBytes(body: unknown): body is Uint8Array<ArrayBuffer> {
  return body instanceof Uint8Array;
}
