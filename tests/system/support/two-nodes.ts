import { createContext, createDirectory, createMemoryStore, createNode } from '@konferenco/server';
import type { Authenticator, Bus } from '@konferenco/core';
import { SeededRandom, SimulatedBus } from '@konferenco/testkit';
import { Door } from '../../../packages/server/src/gateway/admission.ts';
import { type SocketData, socketHandlers, upgrade } from '../../../packages/server/src/gateway/websocket.ts';
import { createStreamApp } from '../../../packages/server/src/http/streams.ts';
import { systemClock, systemRandom } from '../../../packages/server/src/runtime/system.ts';

/** Event that everybody belongs to. */
const EVENT = 'two';

const nameIsEnough: Authenticator = {
  ticket: () => ({ ok: false, error: 'token_invalid' }),
  token: async (user) => ({ ok: true, identity: { user, device: 'default', session: '', expires_at: null } }),
};

/** Nodes in this process with real ports, one store, and a bus between them that now and then loses a copy. */
export function startNodes(names: readonly string[]) {
  const store = createMemoryStore({ now: () => Date.now() });
  const network = new SimulatedBus(systemClock, new SeededRandom(5), { delay_ms: [0, 4], lose: 0.02, double: 0.02 });
  const nodes = names.map((name) => startNode(name, store, network.connect(name)));
  return {
    store,
    ports: nodes.map(({ port }) => port),
    nodes: nodes.map(({ node }) => node),
    async close() {
      for (const each of nodes) await each.close();
      await store.close();
    },
  };
}

function startNode(name: string, store: ReturnType<typeof createMemoryStore>, bus: Bus) {
  const sendBuffer = 262_144;
  const native = { publish: (_topic: string, _text: string) => 0, subscriberCount: (_topic: string) => 0 };
  const directory = createDirectory({ store, bus, clock: systemClock, demoEvent: EVENT, openChannels: true });
  const place = { store, bus, clock: systemClock, random: systemRandom };
  const node = createNode({
    ...place,
    name,
    accounts: createContext({ ...place, directory, demoEvent: EVENT }),
    access: directory,
    authenticator: nameIsEnough,
    verifySignature: async () => false,
    publisher: {
      publish: (topic, text) => native.publish(topic, text),
      subscriberCount: (topic) => native.subscriberCount(topic),
    },
    onFault: rethrow,
    options: { rateLimits: false, digestRate: 100_000, sendBuffer },
  });
  const door = new Door({ burst: 10_000, per_s: 10_000 }, 10_000, Date.now());
  const common = { ...node, door, authenticator: nameIsEnough, origins: [], sendBuffer };
  const app = createStreamApp({
    ...common,
    onFault: rethrow,
    clock: systemClock,
    connections: () => node.gateway.connections,
    isShutOut: async () => false,
    rateLimits: false,
  });
  const server = Bun.serve<SocketData>({
    port: 0,
    hostname: '127.0.0.1',
    websocket: socketHandlers(common),
    fetch: (request, self) =>
      new URL(request.url).pathname === '/ws' ? upgrade(common, request, self) : app.fetch(request),
  });
  native.publish = (topic, text) => server.publish(topic, text);
  native.subscriberCount = (topic) => server.subscriberCount(topic);
  return {
    node,
    port: server.port ?? 0,
    async close() {
      await server.stop(true);
      await node.close();
      directory.close();
      await bus.close();
    },
  };
}

function rethrow(error: unknown): void {
  throw error;
}
