import type { Comeback } from '@konferenco/protocol';
import { pauseAfterLoss, STEADY_MS } from './reconnect.ts';
import type { TransportName } from './transport/transport-choice.ts';
import type { Link } from './types.ts';

/** A transport that stands in for WebSockets. */
export type Fallback = Exclude<TransportName, 'websocket'>;

/** The life of the link. `sleep_ms` is the pause before, from which the next one grows. */
export type ConnectionState =
  | { readonly kind: 'idle' }
  /** Getting a ticket, opening the socket, waiting for the reply to hello. */
  | { readonly kind: 'connecting'; readonly attempt: number; readonly sleep_ms: number }
  | {
      readonly kind: 'online';
      readonly since: number;
      readonly sleep_ms: number;
      readonly transport?: Fallback | undefined;
    }
  | {
      readonly kind: 'waiting';
      readonly attempt: number;
      readonly sleep_ms: number;
      readonly retry_at: number;
      readonly refresh: boolean;
    }
  | { readonly kind: 'offline'; readonly refresh: boolean }
  | { readonly kind: 'signed_out'; readonly code: number; readonly reason: string }
  | { readonly kind: 'closed' };

export type ConnectionInput =
  | { readonly kind: 'connect' }
  | { readonly kind: 'greeted'; readonly transport?: Fallback | undefined }
  | {
      readonly kind: 'lost';
      readonly comeback: Comeback;
      readonly code: number;
      readonly reason: string;
      readonly retry_after_ms?: number | undefined;
    }
  | { readonly kind: 'wait_over' }
  | { readonly kind: 'retry_now' }
  | { readonly kind: 'network'; readonly online: boolean }
  /** The moment chosen for a migration has come. */
  | { readonly kind: 'migrate' }
  | { readonly kind: 'sign_out'; readonly code: number; readonly reason: string }
  | { readonly kind: 'close' };

export type ConnectionEffect =
  /** Open a connection; with `refresh`, only after the access token was renewed. */
  | { readonly kind: 'open'; readonly refresh: boolean }
  /** Close the present connection, if any, and forget it. */
  | { readonly kind: 'drop' }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'stop_waiting' };

export interface ConnectionContext {
  readonly now: number;
  /** A number in [0, 1). */
  readonly random: number;
  /** The device's opinion. */
  readonly online: boolean;
}

export interface ConnectionStep {
  readonly state: ConnectionState;
  readonly effects: readonly ConnectionEffect[];
}

/** The next state of the link and what has to be done about it. */
export function stepConnection(
  state: ConnectionState,
  input: ConnectionInput,
  context: ConnectionContext,
): ConnectionStep {
  switch (input.kind) {
    case 'connect':
      if (state.kind === 'connecting' || state.kind === 'online' || state.kind === 'closed') return stay(state);
      return open({ attempt: 1, sleep_ms: 0, refresh: false }, context);
    case 'retry_now':
      if (state.kind !== 'waiting' && state.kind !== 'offline') return stay(state);
      return open(
        { attempt: attemptOf(state) + 1, sleep_ms: sleepOf(state, context.now), refresh: state.refresh },
        context,
      );
    case 'wait_over':
      if (state.kind !== 'waiting') return stay(state);
      return open({ attempt: state.attempt + 1, sleep_ms: state.sleep_ms, refresh: state.refresh }, context);
    case 'greeted':
      if (state.kind !== 'connecting') return stay(state);
      return {
        state: { kind: 'online', since: context.now, sleep_ms: state.sleep_ms, transport: input.transport },
        effects: [],
      };
    case 'lost':
      return lost(state, input, context);
    case 'migrate':
      if (state.kind !== 'online') return stay(state);
      return {
        state: { kind: 'connecting', attempt: 1, sleep_ms: 0 },
        effects: [{ kind: 'drop' }, { kind: 'open', refresh: false }],
      };
    case 'network':
      return networkChanged(state, input.online, context);
    case 'sign_out':
      if (state.kind === 'closed') return stay(state);
      return {
        state: { kind: 'signed_out', code: input.code, reason: input.reason },
        effects: [{ kind: 'stop_waiting' }, { kind: 'drop' }],
      };
    case 'close':
      return { state: { kind: 'closed' }, effects: [{ kind: 'stop_waiting' }, { kind: 'drop' }] };
  }
}

/** The state of the link as people are told it. */
export function linkOf(state: ConnectionState): Link {
  switch (state.kind) {
    case 'idle':
      return { kind: 'connecting', attempt: 0 };
    case 'connecting':
      return { kind: 'connecting', attempt: state.attempt };
    case 'waiting':
      return { kind: 'waiting', retry_at: state.retry_at, attempt: state.attempt };
    case 'online':
      return { kind: 'online', ...(state.transport === undefined ? {} : { transport: state.transport }) };
    case 'offline':
    case 'closed':
      return { kind: state.kind };
    case 'signed_out':
      return state;
  }
}

function stay(state: ConnectionState): ConnectionStep {
  return { state, effects: [] };
}

function open(
  next: { attempt: number; sleep_ms: number; refresh: boolean },
  context: ConnectionContext,
): ConnectionStep {
  if (!context.online)
    return { state: { kind: 'offline', refresh: next.refresh }, effects: [{ kind: 'stop_waiting' }] };
  return {
    state: { kind: 'connecting', attempt: next.attempt, sleep_ms: next.sleep_ms },
    effects: [{ kind: 'stop_waiting' }, { kind: 'open', refresh: next.refresh }],
  };
}

function lost(
  state: ConnectionState,
  input: ConnectionInput & { kind: 'lost' },
  context: ConnectionContext,
): ConnectionStep {
  if (state.kind !== 'connecting' && state.kind !== 'online') return stay(state);
  const { comeback } = input;
  if (comeback === 'never') {
    return { state: { kind: 'signed_out', code: input.code, reason: input.reason }, effects: [{ kind: 'drop' }] };
  }
  const refresh = comeback === 'after_refresh';
  if (!context.online) return { state: { kind: 'offline', refresh }, effects: [{ kind: 'drop' }] };
  const { wait_ms, sleep_ms } = pauseAfterLoss({
    comeback,
    previous_ms: sleepOf(state, context.now),
    retry_after_ms: input.retry_after_ms,
    random: context.random,
  });
  return {
    state: { kind: 'waiting', attempt: attemptOf(state), sleep_ms, retry_at: context.now + wait_ms, refresh },
    effects: [{ kind: 'drop' }, { kind: 'wait', ms: wait_ms }],
  };
}

function networkChanged(state: ConnectionState, online: boolean, context: ConnectionContext): ConnectionStep {
  if (!online) {
    if (state.kind !== 'connecting' && state.kind !== 'online' && state.kind !== 'waiting') return stay(state);
    const refresh = state.kind === 'waiting' && state.refresh;
    return { state: { kind: 'offline', refresh }, effects: [{ kind: 'stop_waiting' }, { kind: 'drop' }] };
  }
  if (state.kind !== 'offline' && state.kind !== 'waiting') return stay(state);
  // A venue's network comes back for everybody in the same second.
  const { wait_ms, sleep_ms } = pauseAfterLoss({ comeback: 'at_once', previous_ms: 0, random: context.random });
  return {
    state: {
      kind: 'waiting',
      attempt: attemptOf(state),
      sleep_ms,
      retry_at: context.now + wait_ms,
      refresh: state.refresh,
    },
    effects: [{ kind: 'stop_waiting' }, { kind: 'wait', ms: wait_ms }],
  };
}

function attemptOf(state: ConnectionState): number {
  return state.kind === 'connecting' || state.kind === 'waiting' ? state.attempt : 0;
}

function sleepOf(state: ConnectionState, now: number): number {
  switch (state.kind) {
    case 'connecting':
    case 'waiting':
      return state.sleep_ms;
    case 'online':
      return now - state.since >= STEADY_MS ? 0 : state.sleep_ms;
    case 'idle':
    case 'offline':
    case 'signed_out':
    case 'closed':
      return 0;
  }
}
