import {
  type Access,
  type Authenticator,
  type Bus,
  type Changes,
  type Clock,
  type PositionStore,
  type PresenceDirectory,
  type Random,
  type Rates,
  type RequestRates,
  SenderLimits,
  type Store,
} from '@konferenco/core';
import { createIdGenerator, type Envelope } from '@konferenco/protocol';
import type { Context } from './accounts/context.ts';
import { isShutOut } from './accounts/membership.ts';
import { read, SESSIONS } from './accounts/records.ts';
import { FanOut } from './fanout/fan-out.ts';
import { HeadCheck } from './fanout/head-check.ts';
import { Hub } from './fanout/hub.ts';
import { Answers } from './gateway/answers.ts';
import { Gateway } from './gateway/gateway.ts';
import { type NativeTopics, StreamTopics } from './gateway/stream-topics.ts';
import { StandingCheck } from './gateway/standing-check.ts';
import { Streams } from './gateway/streams.ts';
import { Cursors } from './handlers/cursors.ts';
import { ReadMarks } from './handlers/read-marks.ts';
import { PairCache, type Services } from './handlers/services.ts';
import { unhear } from './handlers/subscribe.ts';
import { Buckets } from './http/limits.ts';
import { Metrics, type Readings } from './observability/metrics.ts';
import { PositionKeeper } from './positions/keeper.ts';
import { Presence } from './presence/presence.ts';
import { AttendanceCount } from './sync/attendance.ts';
import { Turns } from './sync/turns.ts';

/** What a node is made of. Everything comes from outside, so that two nodes, or a simulated cluster, fit in one process. */
export interface NodeDeps {
  readonly name: string;
  readonly store: Store;
  /** What changed in the store, where it can say so. */
  readonly changes?: Changes;
  readonly bus: Bus;
  readonly access: Access;
  readonly authenticator: Authenticator;
  /** Over the same store, bus and clock. */
  readonly accounts: Context;
  readonly verifySignature: (envelope: Envelope) => Promise<boolean>;
  readonly publisher: NativeTopics;
  readonly clock: Clock;
  readonly random: Random;
  readonly onFault: (error: unknown) => void;
  /** Told of each person who came in. */
  readonly onWelcome?: () => void;
  /** Where nodes leave who is connected to them; without it they ask each other on the bus. */
  readonly presence?: PresenceDirectory;
  /** Where people were, of those who want that kept; without it no positions are taken. */
  readonly positions?: PositionStore;
  /** Rates that nodes count together; without it each counts for itself. */
  readonly rates?: Rates;
  /** The same of requests and syncs. */
  readonly requestRates?: RequestRates;
  readonly options: NodeOptions;
  /** Another place does what is due of itself. */
  readonly isMirror?: true;
  /** Milliseconds for which credentials are good after their end, because nobody can renew them now. */
  readonly grace_ms?: () => number;
}

export interface NodeOptions {
  readonly rateLimits: boolean;
  /** Live entries a second sent of one log before a digest is sent instead. */
  readonly digestRate: number;
  /** Bytes that may wait for one connection. */
  readonly sendBuffer: number;
}

export interface Node {
  readonly gateway: Gateway;
  /** Sessions that come over requests instead of WebSockets. */
  readonly streams: Streams;
  readonly answers: Answers;
  readonly services: Services;
  readonly metrics: Metrics;
  /** Stores what is still gathered, then stops everything that ticks. Connections are closed before. */
  close(): Promise<void>;
}

/** A first sync takes some pages of each scope; then each is asked about twice a minute. */
const SYNC_RATE = { burst: 120, per_s: 4 };

/** How often forgotten senders are swept and expired entries trimmed. */
const SWEEP_MS = 60_000;

/** Builds a node from its parts and starts what ticks. */
export function createNode(deps: NodeDeps): Node {
  const { store, bus, clock, options } = deps;
  const now = () => clock.now();
  const digest = { burst: options.digestRate * 2, per_s: options.digestRate };
  const hub = new Hub({ digest, now, bus });
  const topics = new StreamTopics(deps.publisher);
  const connections = { count: () => 0, streams: () => ({ sse: 0, poll: 0 }) };
  const metrics = new Metrics({
    connections: () => connections.count(),
    streams: () => connections.streams(),
    ...readingsOf(hub, store),
  });
  const fanOut = new FanOut({
    ...deps,
    publisher: topics,
    hub,
    metrics,
    digest,
    sendBuffer: options.sendBuffer,
    onOffline: () => metrics.offline.inc(),
  });
  const presence = new Presence({
    ...{ node: deps.name, hub, bus, clock },
    directory: deps.presence ?? null,
    count: (what, times) => metrics.presence.inc({ what }, times),
  });
  const services = servicesOf(deps, { hub, metrics, presence });
  const gateway = new Gateway(services, topics);
  const streams = new Streams({ gateway, services, topics });
  connections.count = () => gateway.connections;
  connections.streams = () => streams.counts;
  const stopUpkeep = startUpkeep({
    services,
    fanOut,
    gateway,
    isMirror: deps.isMirror ?? false,
    changes: deps.changes,
  });
  return {
    gateway,
    streams,
    answers: new Answers(services),
    services,
    metrics,
    async close() {
      stopUpkeep();
      streams.close();
      gateway.close();
      fanOut.close();
      await presence.close();
      await Promise.all([services.readMarks.flush(), services.cursors.flush(), services.positions?.close()]);
      metrics.close();
    },
  };
}

function servicesOf(deps: NodeDeps, made: Pick<Services, 'hub' | 'metrics' | 'presence'>): Services {
  const { store, clock, random, options, positions: series, ...rest } = deps;
  const now = () => clock.now();
  const count = (what: string, times: number) => made.metrics.positions.inc({ what }, times);
  const positions = series && new PositionKeeper({ positions: series, context: deps, count, onFault: deps.onFault });
  return {
    ...{ ...rest, ...made, store, clock },
    ...(positions ? { positions } : {}),
    node: deps.name,
    readMarks: new ReadMarks(store, clock),
    cursors: new Cursors(store, clock),
    limits: options.rateLimits ? (deps.rates ?? new SenderLimits(now)) : null,
    syncRate: options.rateLimits
      ? new Buckets({ name: 'sync', rate: SYNC_RATE, clock, shared: deps.requestRates })
      : null,
    knownPairs: new PairCache(100_000),
    newId: createIdGenerator({ now, random16: () => random.bytes(16) }),
    sendBuffer: options.sendBuffer,
  };
}

function readingsOf(hub: Hub, store: Store): Omit<Readings, 'connections' | 'streams'> {
  return {
    users: () => hub.users,
    logs: () => hub.logs.size,
    commitQueue: () => store.health().waiting,
    walBytes: () => store.health().wal_bytes,
    indexLag: () => store.health().index_lag,
    damage: () => store.health().damage.length,
  };
}

interface Beside {
  readonly services: Services;
  readonly fanOut: FanOut;
  readonly gateway: Gateway;
  readonly isMirror: boolean;
  readonly changes: Changes | undefined;
}

/** What goes on beside connections; returns what ends it. */
function startUpkeep({ services, fanOut, gateway, isMirror, changes }: Beside): () => void {
  const { accounts, bus, hub, store, clock, onFault } = services;
  const stopSweeping = sweepEvery(services, SWEEP_MS);
  const chores = isMirror ? [] : [new AttendanceCount(accounts, onFault), new Turns(accounts, onFault)];
  const headCheck = bus.lossy ? new HeadCheck({ hub, fanOut, store, changes, bus, clock }) : null;
  const standing = createStandingCheck(services, gateway);
  bus.onReconnect(() => standing.begin());
  return () => {
    stopSweeping();
    standing.close();
    for (const chore of chores) chore.close();
    headCheck?.close();
  };
}

function createStandingCheck(services: Services, gateway: Gateway): StandingCheck {
  const { accounts, access, clock, hub, store, onFault } = services;
  return new StandingCheck({
    clock,
    connections: () => hub.connections(),
    isEnded: async (session) => (await read(store, SESSIONS, session)).value?.ended !== undefined,
    isShutOut: (user) => isShutOut(accounts, user),
    mayRead: async (user, log) => (await access.mayRead(user, log)) === 'ok',
    end: (connection, why) => gateway.end(connection, why),
    unhear: (connection, log) => unhear(services, connection, log),
    onFault,
  });
}

function sweepEvery(services: Services, ms: number): () => void {
  const { clock, store, limits, onFault } = services;
  let cancel = () => {};
  const turn = () => {
    limits?.sweep();
    store.trim(clock.now()).catch(onFault);
    cancel = clock.after(ms, turn);
  };
  cancel = clock.after(ms, turn);
  return () => cancel();
}
