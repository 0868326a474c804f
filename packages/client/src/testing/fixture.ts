import { createIdGenerator, type Envelope, type LogName, peerOf } from '@konferenco/protocol';
import { createClient } from '../client.ts';
import './fetched-parts.ts';
import type { Client, ClientOptions, Environment } from '../types.ts';
import { ScriptedServer } from './scripted-server.ts';
import { settle, VirtualClock } from './virtual-clock.ts';

export interface Fixture {
  readonly clock: VirtualClock;
  readonly server: ScriptedServer;
  readonly client: Client;
  /** A device whose network the test switches. */
  readonly network: { up: boolean; changed: () => void };
  /** Opens the first connection and lets everything settle. */
  connect(): Promise<void>;
  /** Waits for the next try, accepts it and lets everything settle. */
  reconnect(): Promise<void>;
  /** A chat message of somebody else. */
  from(user: string, text: string, log?: LogName): Envelope;
}

/** A client of `mere` and a scripted server, in virtual time; with `world`, another program in the same one. */
export function fixture(
  options: Partial<ClientOptions> = {},
  surroundings: Partial<Environment> = {},
  world: Partial<Pick<Fixture, 'clock' | 'server'>> = {},
): Fixture {
  const clock = world.clock ?? new VirtualClock();
  const server = world.server ?? new ScriptedServer(clock.now);
  const network = { up: true, changed: () => {} };
  // A later program in the same world makes other ids.
  let counter = server.connections.length * 100;
  const random16 = () => new Uint8Array(16).map((_, index) => (index === 15 ? ++counter : index));
  const newId = createIdGenerator({ now: clock.now, random16 });
  const client = createClient({
    url: 'http://server.test',
    demoUser: 'mere',
    ...options,
    environment: {
      now: clock.now,
      after: clock.after,
      random: () => 0.5,
      randomBytes: random16,
      fetch: (() => Promise.reject(new TypeError('no network in this test'))) as unknown as typeof fetch,
      openSocket: server.openSocket,
      exclusively: (_, fn) => fn(),
      network: {
        online: () => network.up,
        subscribe: (fn) => {
          network.changed = fn;
          return () => {};
        },
      },
      ...surroundings,
    },
  });
  return {
    clock,
    server,
    client,
    network,
    connect: async () => {
      const connected = client.connect();
      await settle();
      await server.accept();
      await server.flush();
      await connected;
      await server.flush();
    },
    reconnect: async () => {
      const before = server.connections.length;
      for (let tries = 0; server.connections.length === before && tries < 100; tries++) await clock.pass(1_000);
      await server.accept();
      await server.flush();
    },
    from: (user, text, log = 'ch:hall') => {
      const direct = log.startsWith('dm:');
      return {
        id: newId(),
        type: 'chat',
        subtype: direct ? 'direct_message' : 'channel_message',
        from: { user_id: user },
        to: direct ? { type: 'user', id: peerOf(log, user) ?? user } : { type: 'channel', id: log.slice(3) },
        payload: { text },
        timestamp: clock.now(),
      };
    },
  };
}

export function texts(state: {
  readonly timeline: readonly { readonly kind: string; readonly text?: string }[];
}): readonly string[] {
  return state.timeline.map((entry) => (entry.kind === 'message' ? (entry.text ?? '') : 'gap'));
}
