import type { NodeStart } from '@konferenco/core';
import type { Context } from './accounts/context.ts';
import { createAuthenticator } from './accounts/authenticator.ts';
import { createSignatureVerifier } from './accounts/signatures.ts';
import { createTicketService } from './accounts/tickets.ts';
import { createTokenService } from './accounts/tokens.ts';
import type { Attachments } from './attachments/attachments.ts';
import type { Backends, PartReport } from './backends/backends.ts';
import { gauge } from './backends/figures.ts';
import type { Cluster } from './cluster/cluster.ts';
import { joinCluster } from './cluster/join.ts';
import type { Config } from './config/options.ts';
import { Door } from './gateway/admission.ts';
import type { NativeTopics } from './gateway/stream-topics.ts';
import { createNode, type Node } from './node.ts';
import type { Log } from './observability/log.ts';
import { OperatorConsole } from './operator/console.ts';
import { createAttachments, type Files } from './start-files.ts';

/** What a server is made of before it has a node. */
export interface Parts {
  readonly backends: Backends;
  /** Of this node. */
  readonly start: NodeStart;
  /** Told that this node has to end, because another one bears its name. */
  readonly onNamesake: () => void;
  readonly context: Context;
  readonly services: AccountServices;
  readonly files: Files;
  readonly log: Log;
}

/** Sign-in, and what checks it. */
export type AccountServices = Awaited<ReturnType<typeof createAccountServices>>;

export async function createAccountServices({ keys, shared }: Backends, context: Context) {
  const { store, bus, clock, random } = context;
  const grace = shared.grace_ms === undefined ? {} : { grace_ms: shared.grace_ms };
  const tokens = await createTokenService({ store, bus, clock, random, keys, ...grace });
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

/** A node and what stands around it, not yet listening. */
export interface Standing {
  readonly context: Context;
  readonly node: Node;
  readonly door: Door;
  readonly cluster: Cluster;
  readonly operator: OperatorConsole;
  readonly attachments: Attachments;
  /** Everything outside the node, files included. */
  readonly parts: () => readonly PartReport[];
  /** Filled in by whoever listens. */
  readonly topics: { -readonly [K in keyof NativeTopics]-?: NativeTopics[K] };
  readonly onFault: (error: unknown) => void;
}

/** Builds the node, makes it part of its cluster, and opens what operators look through. */
export function standUp(
  config: Config,
  { backends, start, onNamesake, context, services, files, log }: Parts,
): Standing {
  const topics: Standing['topics'] = { publish: () => 0, subscriberCount: () => 0 };
  const onFault = (error: unknown) => {
    node.metrics.faults.inc();
    log.error({ err: error }, 'a request failed');
  };
  const door = doorOf(config, context);
  const node = createNode({
    ...context,
    accounts: context,
    name: start.name,
    ...backends.shared,
    positions: backends.positions,
    access: context.directory,
    authenticator: services.authenticator,
    verifySignature: (envelope) => services.signatures.verify(envelope),
    publisher: {
      publish: (topic, text) => topics.publish(topic, text),
      subscriberCount: (topic) => topics.subscriberCount(topic),
    },
    onFault,
    onWelcome: () => door.desk.cameIn(),
    options: { rateLimits: config.rateLimits === 'on', digestRate: config.digestRate, sendBuffer: config.sendBuffer },
  });
  const { metrics } = node;
  backends.register(metrics.registry);
  const pace = {
    name: 'konferenco_ticket_pace',
    help: 'Tickets for sockets this node issues a second at the most; less than its rate while it does not keep up.',
  };
  gauge(metrics.registry, pace, () => ({ '': door.desk.pace }));
  const cluster = joinCluster(config, { context, node, door, log, start, onNamesake });
  const parts = () => [...backends.parts(), ...files.parts()];
  const operator = new OperatorConsole({
    ...{ cluster, parts, log, metrics, onFault },
    streams: backends.streams,
    analytics: backends.analytics,
    health: () => context.store.health(),
    clock: context.clock,
  });
  const attachments = createAttachments(config, { objects: files.objects, context, registry: metrics.registry });
  return { context, node, door, cluster, operator, attachments, parts, topics, onFault };
}

function doorOf({ connectBurst, connectRate, maxConnections }: Config, { clock, random }: Context): Door {
  return new Door({ burst: connectBurst, per_s: connectRate }, maxConnections, clock.now(), () => random.next());
}
