import { type LogName, parseLogName } from '@konferenco/protocol';
import type { Server } from 'bun';
import { createAuthenticator } from './accounts/authenticator.ts';
import { bootstrapEvent, MAIN_EVENT } from './accounts/bootstrap.ts';
import { type Context, createContext } from './accounts/context.ts';
import { createDirectory } from './accounts/directory.ts';
import { isShutOut } from './accounts/membership.ts';
import { DEMO_EVENT, seedDemo } from './accounts/seed.ts';
import { createSignatureVerifier } from './accounts/signatures.ts';
import { createTicketService } from './accounts/tickets.ts';
import { createTokenService } from './accounts/tokens.ts';
import type { Attachments } from './attachments/attachments.ts';
import type { Cluster } from './cluster/cluster.ts';
import { joinCluster, nodeNameOf } from './cluster/join.ts';
import { topologyOf } from './cluster/topology.ts';
import { type Backends, openBackends } from './backends/backends.ts';
import { isDemo, isLoopback } from './config/load.ts';
import type { Config } from './config/options.ts';
import { Door } from './gateway/admission.ts';
import { DRAIN_MS } from './gateway/gateway.ts';
import { type SocketData, socketHandlers, upgrade } from './gateway/websocket.ts';
import { createHttpApp } from './http/app.ts';
import { idleSecondsOf } from './http/attachments.ts';
import { Proxies } from './http/forwarded.ts';
import { operations } from './http/operations.ts';
import { StaticFiles } from './http/static-files.ts';
import { createStreamApp } from './http/streams.ts';
import { createNode, type Node } from './node.ts';
import type { Log } from './observability/log.ts';
import { OperatorConsole } from './operator/console.ts';
import { systemClock, systemRandom } from './runtime/system.ts';
import { createAttachments, type Files, openFiles } from './start-files.ts';
import { startUpkeep } from './start-upkeep.ts';
import { liftProgramme } from './sync/programme.ts';

/**
 * Told to whoever calls a demo server by another name than this machine's own: a proxy that lets strangers in, or a page
 * whose name was made to point here (DNS rebinding).
 */
const DEMO_IS_LOCAL =
  'This server is in demo mode, where a name is enough to sign in, and answers to localhost only. ' +
  'Its operator can open it to others by setting KONFERENCO_PUBLIC_URL to the address people use.\n';

export interface RunningServer {
  /** Address for people, without a trailing slash. */
  readonly url: string;
  readonly port: number;
  readonly node: Node;
  /** The nodes this one works with, and its own drain. */
  readonly cluster: Cluster;
  readonly context: Context;
  /** Code with which the owner of a fresh, non-demo system signs in; `null` once somebody has. */
  readonly ownerInvite: string | null;
  /** Stops accepting, asks clients to move, finishes what is in flight. Resolves when everything is stored and closed. */
  stop(options?: { readonly drain_ms?: number }): Promise<void>;
}

export interface StartOptions {
  readonly config: Config;
  readonly log: Log;
  /** Folder of the built web app; none: REST and socket only. */
  readonly webDir?: string;
  /** Whether a demo system starts with its sample event filled in. */
  readonly seed: boolean;
}

/** Builds a whole server from its configuration and listens. The composition root of the embedded system. */
export async function startServer({ config, log, webDir, seed }: StartOptions): Promise<RunningServer> {
  const name = nodeNameOf(config);
  const backends = await openBackends({
    config,
    name,
    log,
    onFault: (error) => log.error({ err: error }, 'a part failed'),
  });
  const parts = await assemble(config, { backends, name, log });
  await liftProgramme(parts.context);
  const { context, node, cluster, server, close } = await listen(config, parts, webDir);
  const url = config.publicUrl || `http://${isLoopback(config.host) ? 'localhost' : config.host}:${server.port}`;
  if (isDemo(config) && seed) await seedDemo(context);
  const invite = isDemo(config)
    ? null
    : await bootstrapEvent(context, { id: MAIN_EVENT, title: config.eventTitle, time_zone: timeZone(config) });
  return {
    url,
    port: server.port ?? config.port,
    node,
    cluster,
    context,
    ownerInvite: invite?.code ?? null,
    async stop({ drain_ms = DRAIN_MS } = {}) {
      await cluster.leave('the server stops', drain_ms);
      await server.stop(true);
      await node.close();
      await close();
      await backends.close();
    },
  };
}

interface Parts {
  readonly backends: Backends;
  /** Of this node. */
  readonly name: string;
  readonly context: Context;
  readonly services: Awaited<ReturnType<typeof accounts>>;
  readonly files: Files;
  readonly log: Log;
}

async function assemble(
  config: Config,
  { backends, name, log }: Pick<Parts, 'backends' | 'name' | 'log'>,
): Promise<Parts> {
  const { store, bus } = backends;
  const demo = isDemo(config) ? { demoEvent: DEMO_EVENT } : {};
  const directory = createDirectory({ store, bus, clock: systemClock, openChannels: isDemo(config), ...demo });
  const context = createContext({ store, bus, clock: systemClock, random: systemRandom, directory, ...demo });
  const services = await accounts(backends, context);
  return {
    backends,
    name,
    context,
    services,
    files: await openFiles(config, { ...context, secret: services.tokens.ticketSecret, log }),
    log,
  };
}

async function accounts({ keys, shared }: Backends, context: Context) {
  const { store, bus, clock, random } = context;
  const tokens = await createTokenService({ store, bus, clock, random, keys });
  const tickets = createTicketService({
    ...{ secret: tokens.ticketSecret, clock, random },
    ...(shared.singleUse === undefined ? {} : { singleUse: shared.singleUse }),
  });
  return {
    tokens,
    tickets,
    authenticator: createAuthenticator({ context, tokens, tickets }),
    signatures: createSignatureVerifier({ store, bus, clock }),
  };
}

interface Listening {
  readonly context: Context;
  readonly node: Node;
  readonly cluster: Cluster;
  readonly server: Server<SocketData>;
  readonly close: () => Promise<void>;
}

async function listen(
  config: Config,
  { backends, name, context, services, files, log }: Parts,
  webDir: string | undefined,
): Promise<Listening> {
  const { authenticator, signatures } = services;
  const { store } = context;
  const publisher = { publish: (_topic: string, _text: string) => 0, subscriberCount: (_topic: string) => 0 };
  const onFault = (error: unknown) => {
    node.metrics.faults.inc();
    log.error({ err: error }, 'a request failed');
  };
  const node = createNode({
    ...context,
    accounts: context,
    name,
    ...backends.shared,
    access: context.directory,
    authenticator,
    verifySignature: (envelope) => signatures.verify(envelope),
    publisher: {
      publish: (topic, text) => publisher.publish(topic, text),
      subscriberCount: (topic) => publisher.subscriberCount(topic),
    },
    onFault,
    options: { rateLimits: config.rateLimits === 'on', digestRate: config.digestRate, sendBuffer: config.sendBuffer },
  });
  const { gateway, metrics } = node;
  backends.register(metrics.registry);
  const door = doorOf(config, context);
  const cluster = joinCluster(config, { context, node, door, log });
  const origins = config.origins.split(',').filter((origin) => origin !== '');
  const ownOrigins = () => [...cluster.origins(), ...(config.publicUrl ? [config.publicUrl] : [])];
  const socketDeps = { gateway, door, authenticator, metrics, origins, ownOrigins, sendBuffer: config.sendBuffer };
  const attachments = createAttachments(config, { objects: files.objects, context, registry: metrics.registry });
  const parts = () => [...backends.parts(), ...files.parts()];
  const operator = new OperatorConsole({
    ...{ cluster, parts, log, metrics, onFault },
    streams: backends.streams,
    analytics: backends.analytics,
    health: () => store.health(),
    clock: context.clock,
  });
  const app = createRest(config, {
    ...{ context, services, node, cluster, door, origins, onFault, attachments, operator },
    links: files.links,
  });
  const operated = {
    metrics,
    health: () => store.health(),
    draining: () => door.draining,
    topology: () => topologyOf({ cluster, backends: { ...backends, parts }, now: () => context.clock.now() }),
    metricsToken: config.metricsToken,
  };
  const page = webDir === undefined ? null : new StaticFiles(webDir);
  app.get('*', async ({ req, env }) => {
    const answered = await operations(operated, req.raw, isLocal(env.address ?? ''));
    return (
      answered ??
      page?.serve(req.path, req.header('accept-encoding') ?? '') ??
      new Response('Not found', { status: 404 })
    );
  });
  const proxies = new Proxies(config.trustedProxies, config.publicUrl !== '');
  const server = Bun.serve<SocketData>({
    port: config.port,
    hostname: config.host,
    reusePort: config.sharePort === 'yes',
    websocket: socketHandlers(socketDeps),
    fetch(request, self) {
      const { hostname, pathname } = new URL(request.url);
      if (isDemo(config) && !isLoopback(hostname)) return new Response(DEMO_IS_LOCAL, { status: 421 });
      if (pathname === '/ws') return upgrade(socketDeps, request, self);
      self.timeout(request, idleSecondsOf(pathname));
      const peer = self.requestIP(request)?.address ?? '';
      return app.fetch(request, { address: proxies.addressOf(peer, request.headers.get('x-forwarded-for')) });
    },
  });
  backends.begin({ eventOf: ({ log }) => eventOf(context, log) });
  publisher.publish = (topic, text) => server.publish(topic, text);
  publisher.subscriberCount = (topic) => server.subscriberCount(topic);
  const endUpkeep = startUpkeep({ context, ...services, node, attachments, onFault });
  const close = () => {
    operator.close();
    return endUpkeep();
  };
  return { context, node, cluster, server, close };
}

function doorOf({ connectBurst, connectRate, maxConnections }: Config, { clock, random }: Context): Door {
  return new Door({ burst: connectBurst, per_s: connectRate }, maxConnections, clock.now(), () => random.next());
}

interface RestParts {
  readonly context: Context;
  readonly services: Parts['services'];
  readonly node: Node;
  readonly cluster: Cluster;
  readonly door: Door;
  /** Other than the server's own. */
  readonly origins: readonly string[];
  readonly onFault: (error: unknown) => void;
  readonly attachments: Attachments;
  readonly links: Files['links'];
  readonly operator: OperatorConsole;
}

/** The REST surface, and the transports made of requests. */
function createRest(config: Config, parts: RestParts) {
  const { context, services, node, cluster, door, origins, onFault, attachments, links, operator } = parts;
  const { tokens, tickets, authenticator } = services;
  const { gateway, metrics } = node;
  return createHttpApp({
    context,
    tokens,
    tickets,
    authenticator,
    cluster,
    door,
    origins,
    attachments,
    operator,
    ...links,
    rateLimits: config.rateLimits === 'on',
    onFault,
    onAnswer: (answer) => metrics.answered(answer),
    onSync: (sync) => metrics.syncs.inc(sync),
    extend: (app) =>
      void app.route(
        '/',
        createStreamApp({
          ...node,
          door,
          authenticator,
          origins,
          clock: context.clock,
          connections: () => gateway.connections,
          isShutOut: (user) => isShutOut(context, user),
          rateLimits: config.rateLimits === 'on',
          onFault,
        }),
      ),
    ...(config.publicUrl ? { publicUrl: config.publicUrl } : {}),
  });
}

/** The event a log belongs to; `null`: none, or only its members know. */
async function eventOf({ directory }: Context, log: LogName): Promise<string | null> {
  const address = parseLogName(log);
  if (address?.kind === 'event') return address.event;
  return address?.kind === 'channel' ? ((await directory.channel(address.channel))?.event ?? null) : null;
}

function timeZone({ eventTimeZone }: Config): string {
  return eventTimeZone || new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

function isLocal(address: string): boolean {
  return isLoopback(address.replace(/^::ffff:/, ''));
}
