import { randomUUID } from 'node:crypto';
import type { Bus } from '@konferenco/core';
import {
  createContext,
  createDirectory,
  createLog,
  createMemoryStore,
  createNode,
  loadConfig,
} from '@konferenco/server';
import { createAuthenticator } from '../../../packages/server/src/accounts/authenticator.ts';
import { createMemoryKeyStore } from '../../../packages/server/src/accounts/key-store.ts';
import { createTicketService } from '../../../packages/server/src/accounts/tickets.ts';
import { createTokenService } from '../../../packages/server/src/accounts/tokens.ts';
import { createMemoryObjects } from '../../../packages/server/src/adapters/memory/objects.ts';
import { createLinkSigner } from '../../../packages/server/src/attachments/signed-link.ts';
import { Attachments } from '../../../packages/server/src/attachments/attachments.ts';
import { createAttachmentMetrics } from '../../../packages/server/src/attachments/metrics.ts';
import { createLocalBus } from '../../../packages/server/src/adapters/embedded/bus.ts';
import { joinCluster } from '../../../packages/server/src/cluster/join.ts';
import { Door } from '../../../packages/server/src/gateway/admission.ts';
import { type SocketData, socketHandlers, upgrade } from '../../../packages/server/src/gateway/websocket.ts';
import { createHttpApp } from '../../../packages/server/src/http/app.ts';
import { systemClock, systemRandom } from '../../../packages/server/src/runtime/system.ts';

const EVENT = 'hui';

/** What nodes of one system share: the truth, the bus, and the keys of tokens and tickets. */
export function createShared() {
  const now = () => systemClock.now();
  return { store: createMemoryStore({ now }), bus: createLocalBus(), keys: createMemoryKeyStore() };
}

export type RoutedNode = Awaited<ReturnType<typeof startRoutedNode>>;

/** A node with REST and sockets on a port and address of its own, which knows the others by the shared bus. */
export async function startRoutedNode(name: string, { store, bus: common, keys }: ReturnType<typeof createShared>) {
  let isAlive = true;
  const bus: Bus = { ...common, publish: (record) => isAlive && common.publish(record) };
  const native = { publish: (_topic: string, _text: string) => 0, subscriberCount: (_topic: string) => 0 };
  const shared = { store, bus, clock: systemClock, random: systemRandom };
  const directory = createDirectory({ ...shared, demoEvent: EVENT, openChannels: true });
  const context = createContext({ ...shared, directory, demoEvent: EVENT });
  const tokens = await createTokenService({ ...shared, keys });
  const tickets = createTicketService({ ...shared, secret: tokens.ticketSecret });
  const authenticator = createAuthenticator({ context, tokens, tickets });
  const sendBuffer = 262_144;
  const node = createNode({
    ...shared,
    name,
    accounts: context,
    access: directory,
    authenticator,
    verifySignature: async () => false,
    publisher: {
      publish: (topic, text) => native.publish(topic, text),
      subscriberCount: (topic) => native.subscriberCount(topic),
    },
    onFault: rethrow,
    options: { rateLimits: false, digestRate: 100_000, sendBuffer },
  });
  const door = new Door({ burst: 1_000, per_s: 1_000 }, 1_000, Date.now());
  const sockets = { ...node, door, authenticator, origins: [], sendBuffer };
  let answer: (request: Request) => Response | Promise<Response> = () => new Response(null, { status: 503 });
  const server = Bun.serve<SocketData>({
    port: 0,
    hostname: '127.0.0.1',
    websocket: socketHandlers(sockets),
    fetch: (request, self) =>
      new URL(request.url).pathname === '/ws' ? upgrade(sockets, request, self) : answer(request),
  });
  native.publish = (topic, text) => server.publish(topic, text);
  native.subscriberCount = (topic) => server.subscriberCount(topic);
  const url = `http://127.0.0.1:${server.port}`;
  const config = loadConfig({ KONFERENCO_NODE_URL: url, KONFERENCO_MAX_CONNECTIONS: '1000' }, []);
  const start = { name, id: randomUUID(), at: systemClock.now() };
  const onNamesake = () => rethrow(new Error('two nodes have one name'));
  const cluster = joinCluster(config, { context, node, door, log: createLog('silent'), start, onNamesake });
  const signer = createLinkSigner({ secret: tokens.ticketSecret, now: () => systemClock.now() });
  const attachments = new Attachments({
    ...context,
    objects: createMemoryObjects({ ...signer, now: () => systemClock.now() }),
    metrics: createAttachmentMetrics(node.metrics.registry),
    options: { max_bytes: 1_000_000, types: [], daily_bytes: 1_000_000 },
  });
  const app = createHttpApp({
    attachments,
    objectLinks: signer,
    context,
    tokens,
    tickets,
    authenticator,
    cluster,
    door,
    rateLimits: false,
    onFault: rethrow,
  });
  answer = (request) => app.fetch(request);
  return {
    name,
    url,
    node,
    cluster,
    /** Ends all that others see of it, without a word. */
    async die() {
      isAlive = false;
      await server.stop(true);
    },
    async close() {
      await cluster.leave('the test is over', 0);
      await server.stop(true);
      await node.close();
      tokens.close();
      directory.close();
    },
  };
}

function rethrow(error: unknown): never {
  throw error;
}
