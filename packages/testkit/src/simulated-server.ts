import type {
  Authenticator,
  Bus,
  Changes,
  Clock,
  Identity,
  PositionStore,
  PresenceDirectory,
  Random,
  Store,
} from '@konferenco/core';
import {
  createContext,
  createDirectory,
  createNode,
  type Encoding,
  type Node,
  type NodeOptions,
  type TopicPublisher,
} from '@konferenco/server';
import type { SocketServer } from './simulated-sockets.ts';

/** The event everybody belongs to on a simulated server. */
export const SIMULATED_EVENT = 'simulated';

export interface SimulatedServerOptions {
  readonly name: string;
  readonly store: Store;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly sockets: TopicPublisher;
  readonly presence?: PresenceDirectory;
  /** Without it the node looks at everything it hears, again and again. */
  readonly changes?: Changes;
  /** Without it no positions are taken. */
  readonly positions?: PositionStore;
  readonly options?: Partial<NodeOptions>;
  /** Told of faults in handlers; by default they are thrown, so that a test fails. */
  readonly onFault?: (error: unknown) => void;
}

export interface SimulatedServer extends SocketServer {
  readonly node: Node;
  close(): Promise<void>;
}

/** A real node over simulated sockets: the name in `?token=NAME` signs in, and channels open themselves. */
export function startSimulatedServer(given: SimulatedServerOptions): SimulatedServer {
  const { name, store, bus, clock, random, sockets } = given;
  const directory = createDirectory({ store, bus, clock, demoEvent: SIMULATED_EVENT, openChannels: true });
  const accounts = createContext({ store, bus, clock, random, directory, demoEvent: SIMULATED_EVENT });
  const node = createNode({
    accounts,
    name,
    store,
    bus,
    clock,
    random,
    access: directory,
    authenticator: nameIsEnough,
    verifySignature: async () => false,
    publisher: sockets,
    onFault: given.onFault ?? rethrow,
    ...(given.presence ? { presence: given.presence } : {}),
    ...(given.changes ? { changes: given.changes } : {}),
    ...(given.positions ? { positions: given.positions } : {}),
    options: { rateLimits: false, digestRate: 1_000_000, sendBuffer: 262_144, ...given.options },
  });
  return {
    node,
    open(socket, url) {
      const identity = identityOf(url);
      const encoding: Encoding = url.endsWith('#short') ? 'short' : 'frames';
      const connection = node.gateway.open(socket, identity, encoding);
      return {
        receive: (text) => node.gateway.receive(connection, text),
        closed: (code) => node.gateway.closed(connection, code),
      };
    },
    async close() {
      await node.close();
      directory.close();
    },
  };
}

function identityOf(url: string): Identity {
  const user = new URL(url).searchParams.get('token') ?? '';
  return { user, device: 'default', session: '', expires_at: null };
}

const nameIsEnough: Authenticator = {
  ticket: () => ({ ok: false, error: 'token_invalid' }),
  token: async (user) => ({ ok: true, identity: { user, device: 'default', session: '', expires_at: null } }),
};

function rethrow(error: unknown): void {
  throw error;
}
