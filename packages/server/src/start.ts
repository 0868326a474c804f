import { randomUUID } from 'node:crypto';
import { type Invite, type LogName, parseLogName } from '@konferenco/protocol';
import type { Server } from 'bun';
import { bootstrapEvent, MAIN_EVENT } from './accounts/bootstrap.ts';
import { type Context, createContext } from './accounts/context.ts';
import { createDirectory } from './accounts/directory.ts';
import { DEMO_EVENT, seedDemo } from './accounts/seed.ts';
import { NameTakenError } from './cluster/claim.ts';
import type { Cluster } from './cluster/cluster.ts';
import { nodeNameOf } from './cluster/join.ts';
import { openBackends, type VenueCalls } from './backends/backends.ts';
import { isDemo, isLoopback } from './config/load.ts';
import type { Config } from './config/options.ts';
import { DRAIN_MS } from './gateway/gateway.ts';
import { watchLateness } from './gateway/ticket-desk.ts';
import { type SocketData, socketHandlers, upgrade } from './gateway/websocket.ts';
import { idleSecondsOf } from './http/attachments.ts';
import { Proxies } from './http/forwarded.ts';
import type { Node } from './node.ts';
import type { Log } from './observability/log.ts';
import { systemClock, systemRandom } from './runtime/system.ts';
import { openFiles, tidiesOf } from './start-files.ts';
import { addOperations, createRest } from './start-http.ts';
import { createAccountServices, type Parts, type Standing, standUp } from './start-node.ts';
import { startUpkeep } from './start-upkeep.ts';
import { liftProgramme } from './sync/programme.ts';
import { UPLINK_PATH } from './uplink/frames.ts';

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
  /**
   * Told that another node bears this one's name, and that this one has to end: at once, and without `stop`, which says
   * farewell in that name. By default it is only logged.
   */
  readonly onNamesake?: (error: NameTakenError) => void;
}

/** Builds a whole server from its configuration and listens. The composition root of the embedded system. */
export async function startServer(options: StartOptions): Promise<RunningServer> {
  const {
    config,
    log,
    webDir,
    seed,
    onNamesake = (error) => log.error({ err: error }, 'this node has to end'),
  } = options;
  const start = { name: nodeNameOf(config), id: randomUUID(), at: systemClock.now() };
  const backends = await openBackends({
    config,
    start,
    log,
    onFault: (error) => log.error({ err: error }, 'a part failed'),
  });
  const ends = () => onNamesake(new NameTakenError(start.name));
  const parts = await assemble(config, { backends, start, log, onNamesake: ends });
  const isMirror = config.mirror === 'yes';
  if (!isMirror) await liftProgramme(parts.context);
  const { context, node, cluster, server, close } = await listen(config, parts, webDir);
  const url = config.publicUrl || `http://${isLoopback(config.host) ? 'localhost' : config.host}:${server.port}`;
  // Whatever a mirror has, its venue made.
  const invite = isMirror ? null : await setUp(config, context, seed);
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

/** Fills an empty system. @returns an invitation for its owner, until somebody is */
async function setUp(config: Config, context: Context, seed: boolean): Promise<Invite | null> {
  if (!isDemo(config))
    return bootstrapEvent(context, { id: MAIN_EVENT, title: config.eventTitle, time_zone: timeZone(config) });
  if (seed) await seedDemo(context);
  return null;
}

async function assemble(
  config: Config,
  given: Pick<Parts, 'backends' | 'start' | 'log' | 'onNamesake'>,
): Promise<Parts> {
  const { backends, log } = given;
  const { store, bus } = backends;
  const demo = isDemo(config) ? { demoEvent: DEMO_EVENT } : {};
  const directory = createDirectory({ store, bus, clock: systemClock, openChannels: isDemo(config), ...demo });
  const context = createContext({ store, bus, clock: systemClock, random: systemRandom, directory, ...demo });
  const services = await createAccountServices(backends, context);
  const files = await openFiles(config, { ...context, secret: services.tokens.ticketSecret, log });
  return {
    ...given,
    context,
    services,
    files: backends.bridge ? { ...files, objects: backends.bridge.wrap(files.objects) } : files,
  };
}

interface Listening extends Standing {
  readonly server: Server<SocketData>;
  readonly close: () => Promise<void>;
}

async function listen(config: Config, parts: Parts, webDir: string | undefined): Promise<Listening> {
  const { backends, context, services, files } = parts;
  const standing = standUp(config, parts);
  const { node, cluster, door, operator, attachments, onFault } = standing;
  const { gateway, metrics } = node;
  const { authenticator } = services;
  const { requestRates } = backends.shared;
  const origins = config.origins.split(',').filter((origin) => origin !== '');
  const ownOrigins = () => [...cluster.origins(), ...(config.publicUrl ? [config.publicUrl] : [])];
  const socketDeps = { gateway, door, authenticator, metrics, origins, ownOrigins, sendBuffer: config.sendBuffer };
  const app = createRest(config, { ...standing, context, services, origins, links: files.links, requestRates });
  addOperations(app, { config, parts, standing, webDir });
  const proxies = new Proxies(config.trustedProxies, config.publicUrl !== '');
  const server = Bun.serve<SocketData>({
    port: config.port,
    hostname: config.host,
    reusePort: config.sharePort === 'yes',
    websocket: socketHandlers(socketDeps),
    fetch(request, self) {
      const { hostname, pathname } = new URL(request.url);
      if (isDemo(config) && !isLoopback(hostname)) return new Response(DEMO_IS_LOCAL, { status: 421 });
      if (pathname === UPLINK_PATH && backends.mirror) return answerVenue(backends.mirror, request, self);
      if (pathname === '/ws') return upgrade(socketDeps, request, self);
      self.timeout(request, idleSecondsOf(pathname));
      const peer = self.requestIP(request)?.address ?? '';
      return app.fetch(request, { address: proxies.addressOf(peer, request.headers.get('x-forwarded-for')) });
    },
  });
  backends.begin({ eventOf: ({ log }) => eventOf(context, log) });
  standing.topics.publish = (topic, text) => server.publish(topic, text);
  standing.topics.subscriberCount = (topic) => server.subscriberCount(topic);
  const endUpkeep = startUpkeep({
    ...{ context, ...services, node, attachments, positions: backends.positions, onFault },
    tidies: tidiesOf(config),
    isMirror: config.mirror === 'yes',
  });
  const endWatch = watchLateness(door.desk, systemClock);
  const close = () => {
    endWatch();
    operator.close();
    return endUpkeep();
  };
  return { ...standing, server, close };
}

function answerVenue(mirror: VenueCalls, request: Request, server: Server<SocketData>): Response | undefined {
  const end = mirror.accept();
  if (end && server.upgrade(request, { data: { kind: 'end', end } })) return undefined;
  return new Response(null, { status: 503 });
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
