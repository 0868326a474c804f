import { randomUUID } from 'node:crypto';
import { createContext, createDirectory, createLog, createMemoryStore, loadConfig } from '@konferenco/server';
import { type NetworkFaults, SeededRandom, SimulatedBus } from '@konferenco/testkit';
import { freePort } from '@konferenco/testkit/servers';
import type { Server } from 'bun';
import { createMemoryKeyStore } from '../../../packages/server/src/accounts/key-store.ts';
import { embeddedOn } from '../../../packages/server/src/backends/embedded.ts';
import { watchLateness } from '../../../packages/server/src/gateway/ticket-desk.ts';
import { type SocketData, socketHandlers, upgrade } from '../../../packages/server/src/gateway/websocket.ts';
import { systemClock, systemRandom } from '../../../packages/server/src/runtime/system.ts';
import { openFiles } from '../../../packages/server/src/start-files.ts';
import { createRest } from '../../../packages/server/src/start-http.ts';
import { createAccountServices, type Parts, standUp } from '../../../packages/server/src/start-node.ts';

/** Event that everybody belongs to. */
const EVENT = 'hui';
const NO_FAULTS: NetworkFaults = { delay_ms: [0, 4], lose: 0, double: 0 };

/** What nodes of one system share: the truth, the keys of tokens and tickets, and a bus that does with records what `faults` says. */
export function createSystem(faults: NetworkFaults = NO_FAULTS) {
  return {
    store: createMemoryStore({ now: () => systemClock.now() }),
    keys: createMemoryKeyStore(),
    bus: new SimulatedBus(systemClock, new SeededRandom(5), faults),
  };
}

export type System = ReturnType<typeof createSystem>;
export type ListeningNode = Awaited<ReturnType<typeof startNode>>;

/**
 * A node in this process with a port of its own, made of the program's parts and joined as the program joins them, over what
 * `system` shares. Any failure of its own ends the test.
 */
export async function startNode(name: string, system: System) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const made = await assemble(name, url, system);
  const { parts, standing } = made;
  const { bus, positions } = parts.backends;
  const { node, cluster, operator, attachments } = standing;
  const server = listen(port, made);
  const endWatch = watchLateness(standing.door.desk, systemClock);
  return {
    url,
    port,
    node,
    cluster,
    /** Ends all that others see of it, without a word. */
    async die() {
      await bus.close();
      await server.stop(true);
    },
    async close() {
      await cluster.leave('the test is over', 0);
      await server.stop(true);
      await node.close();
      endWatch();
      operator.close();
      parts.services.tokens.close();
      parts.services.signatures.close();
      parts.context.directory.close();
      await Promise.all([attachments.context.objects.close(), positions.close(), bus.close()]);
    },
  };
}

type Made = Awaited<ReturnType<typeof assemble>>;

async function assemble(name: string, url: string, { store, keys, bus: network }: System) {
  const config = loadConfig(
    {
      KONFERENCO_STORAGE: 'memory',
      KONFERENCO_NODE_URL: url,
      KONFERENCO_RATE_LIMITS: 'off',
      KONFERENCO_DIGEST_RATE: '100000',
    },
    [],
  );
  const log = createLog('silent');
  log.error = (...given: readonly unknown[]) => fail(given);
  const start = { name, id: randomUUID(), at: systemClock.now() };
  const bus = network.connect(name);
  const backends = { ...embeddedOn({ config, start, log, onFault: fail }, store), bus, keys };
  const place = { store, bus, clock: systemClock, random: systemRandom, demoEvent: EVENT };
  const context = createContext({ ...place, directory: createDirectory({ ...place, openChannels: true }) });
  const services = await createAccountServices(backends, context);
  const files = await openFiles(config, { ...context, secret: services.tokens.ticketSecret, log });
  const onNamesake = () => fail('two nodes have one name');
  const parts: Parts = { backends, start, log, context, services, files, onNamesake };
  return { config, parts, standing: standUp(config, parts) };
}

function listen(port: number, { config, parts, standing }: Made): Server<SocketData> {
  const { services, files } = parts;
  const { node, door, topics } = standing;
  const origins: string[] = [];
  const rest = createRest(config, { ...standing, services, origins, links: files.links, requestRates: undefined });
  const { authenticator } = services;
  const ownOrigins = () => standing.cluster.origins();
  const sockets = { ...node, door, authenticator, origins, ownOrigins, sendBuffer: config.sendBuffer };
  const server = Bun.serve<SocketData>({
    port,
    hostname: config.host,
    websocket: socketHandlers(sockets),
    fetch: (request, self) =>
      new URL(request.url).pathname === '/ws' ? upgrade(sockets, request, self) : rest.fetch(request),
  });
  topics.publish = (topic, text) => server.publish(topic, text);
  topics.subscriberCount = (topic) => server.subscriberCount(topic);
  return server;
}

function fail(cause: unknown): never {
  throw new Error('a node failed', { cause });
}
