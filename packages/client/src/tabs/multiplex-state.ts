import type { LogName, ReplyOf } from '@konferenco/protocol';

/** One tab's end of the shared connection: unique among all tabs. */
export type PortId = string;
export type OwnStatus = 'online' | 'away' | 'busy';

export interface Watched {
  readonly channels: readonly string[];
  readonly users: readonly string[];
}

/** What a hello says of its program. Tabs whose programs differ in it cannot share one connection. */
export interface Greeting {
  readonly device_id: string | undefined;
  readonly capabilities: readonly string[];
}

/** `waiting`: for the connection. `open`: has not said hello. `greeting`: waits for its reply. */
export type PortPhase = 'waiting' | 'open' | 'greeting' | 'ready';

export interface Port {
  readonly phase: PortPhase;
  readonly greeting: Greeting;
  readonly helloRef: number;
  /** Logs this tab wants live, from its asking on. */
  readonly logs: ReadonlySet<LogName>;
  readonly watched: Watched;
  readonly status: OwnStatus;
}

/** The one real connection. Times in Unix ms. */
export type Upstream =
  | { readonly kind: 'none' }
  | { readonly kind: 'opening'; readonly heard_at: number }
  | { readonly kind: 'open'; readonly heard_at: number }
  | {
      readonly kind: 'greeting';
      readonly heard_at: number;
      readonly status: OwnStatus;
      readonly greeting: Greeting;
      /** Newest place in the inbox that came live before the reply to hello, which may be older. */
      readonly inboxHead: number;
    }
  | {
      readonly kind: 'ready';
      readonly heard_at: number;
      readonly status: OwnStatus;
      readonly greeting: Greeting;
      /** The reply to hello with everything learnt since. */
      readonly welcome: ReplyOf<'hello'>;
      /** When `welcome.server_time` was told. */
      readonly told_at: number;
      /** Inbox frames were dropped: only the answer to a request from this ref on says where the inbox stands. */
      readonly inboxUnsure: number | null;
    };

/** A request on its way; `port` is null when the multiplexer itself asked. */
export interface Asked {
  readonly port: PortId | null;
  readonly ref: number;
  readonly type: string;
  readonly logs: readonly LogName[];
}

export interface MultiplexerState {
  readonly upstream: Upstream;
  readonly ports: ReadonlyMap<PortId, Port>;
  readonly asked: ReadonlyMap<number, Asked>;
  readonly lastRef: number;
  /** The tab that chooses the moment of a migration; when it goes, all move. */
  readonly leaving: PortId | null;
  /** Who last sent something without a ref: an error without one is most likely theirs. */
  readonly unreferenced: PortId | null;
  /** When something was last sent to the server (Unix ms). */
  readonly said_at: number;
}

export type MultiplexerEffect =
  | { readonly kind: 'open'; readonly url: string; readonly protocol: string }
  | { readonly kind: 'send'; readonly text: string }
  /** Close the real connection and forget it. */
  | { readonly kind: 'drop' }
  | { readonly kind: 'opened'; readonly ports: readonly PortId[] }
  | { readonly kind: 'deliver'; readonly ports: readonly PortId[]; readonly text: string }
  /** `alone`: these tabs cannot share and need a connection of their own. */
  | {
      readonly kind: 'close';
      readonly ports: readonly PortId[];
      readonly code: number;
      readonly reason: string;
      readonly alone: boolean;
    };

export interface MultiplexerStep {
  readonly state: MultiplexerState;
  readonly effects: readonly MultiplexerEffect[];
}

/** Tabs on one connection at the most; more open connections of their own. */
export const PORTS_MAX = 32;
/** Requests remembered for their answers; beyond that the oldest, long timed out where it was asked, is let go. */
export const ASKED_MAX = 4_096;
/** Bounds of the `watch` frame. */
export const WATCH_MAX = { channels: 8, users: 200 } as const;

export const NOTHING: MultiplexerState = {
  upstream: { kind: 'none' },
  ports: new Map(),
  asked: new Map(),
  lastRef: 0,
  leaving: null,
  unreferenced: null,
  said_at: 0,
};

export const NEW_PORT: Port = {
  phase: 'waiting',
  greeting: { device_id: undefined, capabilities: [] },
  helloRef: 0,
  logs: new Set(),
  watched: { channels: [], users: [] },
  status: 'online',
};

export function step(state: MultiplexerState, ...effects: readonly MultiplexerEffect[]): MultiplexerStep {
  return { state, effects };
}

/** The second step taken from where the first one led. */
export function andThen(first: MultiplexerStep, next: (state: MultiplexerState) => MultiplexerStep): MultiplexerStep {
  const second = next(first.state);
  return { state: second.state, effects: [...first.effects, ...second.effects] };
}

export function withPort(state: MultiplexerState, id: PortId, change: Partial<Port>): MultiplexerState {
  const port = state.ports.get(id);
  return port ? { ...state, ports: new Map(state.ports).set(id, { ...port, ...change }) } : state;
}

export function portsIn(state: MultiplexerState, ...phases: readonly PortPhase[]): readonly PortId[] {
  return [...state.ports].flatMap(([id, port]) => (phases.includes(port.phase) ? [id] : []));
}

/** Ports that hear the server: from their hello on, for what comes before its reply counts too. */
export function listeners(state: MultiplexerState): readonly PortId[] {
  return portsIn(state, 'greeting', 'ready');
}

/** Who hears a frame of this log: the tabs that subscribed, or all where no subscription is needed. */
export function hearersOf(state: MultiplexerState, log: LogName): readonly PortId[] {
  const subscribed = [...state.ports].flatMap(([id, port]) => (port.logs.has(log) ? [id] : []));
  return subscribed.length > 0 ? subscribed : listeners(state);
}

export function isWanted(state: MultiplexerState, log: LogName): boolean {
  return [...state.ports.values()].some((port) => port.logs.has(log));
}

/** The most present tab speaks for the person, in the server's own order; `null` when no tab has said hello. */
export function mergedStatus(state: MultiplexerState): OwnStatus | null {
  const statuses = listeners(state).map((id) => state.ports.get(id)?.status);
  return (['online', 'busy', 'away'] as const).find((status) => statuses.includes(status)) ?? null;
}

/** All that any tab watches; `null` when it is more than one connection may. */
export function mergedWatch(state: MultiplexerState): Watched | null {
  const all = [...state.ports.values()].map((port) => port.watched);
  const channels = [...new Set(all.flatMap((watched) => watched.channels))];
  const users = [...new Set(all.flatMap((watched) => watched.users))];
  const fits = channels.length <= WATCH_MAX.channels && users.length <= WATCH_MAX.users;
  return fits ? { channels, users } : null;
}

/** When the connection has to be given up unless something is heard first (Unix ms); `null` without a connection. */
export function deadlineOf({ upstream }: MultiplexerState, connect_ms: number): number | null {
  if (upstream.kind === 'none') return null;
  return upstream.heard_at + (upstream.kind === 'ready' ? upstream.welcome.heartbeat_ms * 2 : connect_ms);
}

/** The reply to a hello that comes now. */
export function welcomeAt(upstream: Upstream & { kind: 'ready' }, now: number): ReplyOf<'hello'> {
  const { welcome, told_at } = upstream;
  return { ...welcome, server_time: welcome.server_time + Math.max(0, now - told_at) };
}

export function canShare(first: Greeting, later: Greeting, device_id: string | undefined): boolean {
  const offers = (greeting: Greeting) => [...greeting.capabilities].sort().join();
  const devices = [first.device_id, later.device_id, device_id].filter((device) => device !== undefined);
  return offers(first) === offers(later) && new Set(devices).size <= 1;
}

export function closing(
  ports: readonly PortId[],
  code: number,
  reason: string,
  alone = false,
): MultiplexerEffect & { kind: 'close' } {
  return { kind: 'close', ports, code, reason, alone };
}

/** Registers a request and sends it under a ref of the connection. */
export function ask(state: MultiplexerState, asked: Asked, text: (ref: number) => string): MultiplexerStep {
  const ref = state.lastRef + 1;
  const all = new Map(state.asked).set(ref, asked);
  const [oldest] = all.keys();
  if (all.size > ASKED_MAX && oldest !== undefined) all.delete(oldest);
  return step({ ...state, asked: all, lastRef: ref }, { kind: 'send', text: text(ref) });
}

const REF = /^(\{"type":"[a-z_]+","ref":)\d+/;

/** The frame's text under another ref. Where the ref stands in its usual place, nothing else changes by a byte. */
export function withRef(text: string, ref: number): string {
  if (REF.test(text)) return text.replace(REF, (_, head: string) => `${head}${ref}`);
  return JSON.stringify({ ...(JSON.parse(text) as object), ref });
}

/** The frame, or `null` when the text is none. */
export function readFrame(text: string): { readonly type: string; readonly ref?: number } | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('type' in value)) return null;
    return typeof value.type === 'string' ? (value as { type: string }) : null;
  } catch {
    return null;
  }
}
