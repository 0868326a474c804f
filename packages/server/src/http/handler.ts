import type { Authenticator, Identity, RequestRates } from '@konferenco/core';
import type { ROUTES, RouteBody, RouteName, RouteQuery, RouteResponse } from '@konferenco/protocol/schema';
import type { Hono } from 'hono';
import type { Context } from '../accounts/context.ts';
import type { TicketService } from '../accounts/tickets.ts';
import type { TokenService } from '../accounts/tokens.ts';
import type { Attachments } from '../attachments/attachments.ts';
import type { LinkSigner } from '../attachments/signed-link.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Door } from '../gateway/admission.ts';
import type { OperatorConsole } from '../operator/console.ts';
import type { PositionKeeper } from '../positions/keeper.ts';

/** A request that was answered, for metrics and logs. */
export interface Answer {
  readonly route: string;
  readonly method: string;
  readonly status: number;
  readonly ms: number;
}

/** What the REST surface is built from. */
export interface HttpDeps {
  readonly context: Context;
  readonly tokens: TokenService;
  readonly tickets: TicketService;
  readonly authenticator: Authenticator;
  readonly attachments: Attachments;
  /** Checks links to files that this server serves itself; none where the storage for files serves them. */
  readonly objectLinks?: LinkSigner;
  /** Origin of the storage for files, where that serves them: pages may load from there. */
  readonly objectOrigin?: string;
  /** `http(s)://host[:port]` that people use; without it addresses follow from each request's `Host`. */
  readonly publicUrl?: string;
  /** False only for load tests on loopback; on by default. */
  readonly rateLimits?: boolean;
  /** Rates that nodes count together; without it each counts for itself. */
  readonly requestRates?: RequestRates | undefined;
  /** Origins other than the server's own that browsers may call from. None by default. */
  readonly origins?: readonly string[];
  /** Knows where sockets should go; without it, to the address under which the caller reached this server. */
  readonly cluster?: Pick<Cluster, 'place' | 'origins'>;
  /** Bounds how many sockets are asked for; without it nothing does. */
  readonly door?: Pick<Door, 'admitTicket'>;
  /** What operators see; without it their routes answer `not_found`. */
  readonly operator?: OperatorConsole;
  /** What people let the server keep of where they were; without it those routes answer `not_found`. */
  readonly positions?: PositionKeeper;
  /** Adds routes under `/api` that are not in the table. */
  readonly extend?: (app: Hono<{ Bindings: { readonly address?: string } }>) => void;
  /** Told of every sync: what for, and whether it was answered by what changed or by everything. */
  readonly onSync?: (sync: { readonly trigger: string; readonly form: 'delta' | 'snapshot' }) => void;
  /** Told of every answer: the route's path with its {parameters}, never its values. */
  readonly onAnswer?: (answer: Answer) => void;
  /** Told of every failure that is the server's own. */
  readonly onFault: (error: unknown) => void;
}

/** The cookies of one request, and of its answer. */
export interface Cookies {
  get(name: string): string | undefined;
  set(name: string, value: string, options: { readonly maxAge_s: number; readonly secure: boolean }): void;
}

type ParamNames<Path> = Path extends `${string}{${infer Name}}${infer Rest}` ? Name | ParamNames<Rest> : never;
type AuthOf<Name extends RouteName> = (typeof ROUTES)[Name]['auth'];

/** A validated request of the route `Name`. */
export interface ApiRequest<Name extends RouteName> {
  readonly params: Readonly<Record<ParamNames<(typeof ROUTES)[Name]['path']>, string>>;
  readonly query: RouteQuery<Name>;
  readonly body: RouteBody<Name>;
  /** Who asks; `null` on routes without authentication. */
  readonly identity: AuthOf<Name> extends 'none' ? null : Identity;
  /** `http(s)://host[:port]` under which the caller reached this server. */
  readonly origin: string;
  readonly cookies: Cookies;
}

export type Handler<Name extends RouteName> = (request: ApiRequest<Name>) => Promise<RouteResponse<Name>>;

/** One handler for each of the routes `Names`. Handlers throw {@link Refused} for what the registry has a code for. */
export type Handlers<Names extends RouteName = RouteName> = { readonly [Name in Names]: Handler<Name> };
