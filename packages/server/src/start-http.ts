import type { RequestRates } from '@konferenco/core';
import { isShutOut } from './accounts/membership.ts';
import { topologyOf } from './cluster/topology.ts';
import { isLoopback } from './config/load.ts';
import type { Config } from './config/options.ts';
import { createHttpApp } from './http/app.ts';
import { operations } from './http/operations.ts';
import { StaticFiles } from './http/static-files.ts';
import { createStreamApp } from './http/streams.ts';
import type { Files } from './start-files.ts';
import type { Parts, Standing } from './start-node.ts';

interface RestParts
  extends Pick<Standing, 'context' | 'node' | 'cluster' | 'door' | 'operator' | 'attachments' | 'onFault'> {
  readonly services: Parts['services'];
  /** Other than the server's own. */
  readonly origins: readonly string[];
  readonly links: Files['links'];
  /** Of all nodes together; absent where each counts for itself. */
  readonly requestRates: RequestRates | undefined;
}

/** The REST surface, and the transports made of requests. */
export function createRest(config: Config, parts: RestParts) {
  const { context, services, node, cluster, door, origins, onFault, attachments, links, operator, requestRates } =
    parts;
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
    ...(node.services.positions ? { positions: node.services.positions } : {}),
    ...links,
    rateLimits: config.rateLimits === 'on',
    requestRates,
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
          requestRates,
          onFault,
        }),
      ),
    ...(config.publicUrl ? { publicUrl: config.publicUrl } : {}),
  });
}

interface Operated {
  readonly config: Config;
  readonly parts: Parts;
  readonly standing: Standing;
  /** Folder of the built web app. */
  readonly webDir: string | undefined;
}

/** Health, figures and topology, and the page for every other path. */
export function addOperations(
  app: ReturnType<typeof createHttpApp>,
  { config, parts, standing, webDir }: Operated,
): void {
  const { cluster, door, node, context } = standing;
  const backends = { ...parts.backends, parts: standing.parts };
  const operated = {
    metrics: node.metrics,
    health: () => context.store.health(),
    draining: () => door.draining,
    topology: () => topologyOf({ cluster, backends, now: () => context.clock.now() }),
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
}

function isLocal(address: string): boolean {
  return isLoopback(address.replace(/^::ffff:/, ''));
}
