import { CLOSE_CODES } from '@konferenco/protocol';
import { fromServer } from './multiplex-down.ts';
import {
  andThen,
  closing,
  deadlineOf,
  type MultiplexerState,
  type MultiplexerStep,
  NEW_PORT,
  NOTHING,
  type PortId,
  PORTS_MAX,
  portsIn,
  step,
  withPort,
} from './multiplex-state.ts';
import { fromTab, withoutPort } from './multiplex-up.ts';

/** From opening the connection to the reply to hello, as in a client of its own. */
export const CONNECT_MS = 20_000;

export type MultiplexerInput =
  /** A tab wants a connection; should there be none, it is opened by this address. */
  | { readonly kind: 'port_opened'; readonly port: PortId; readonly url: string; readonly protocol: string }
  | { readonly kind: 'port_frame'; readonly port: PortId; readonly text: string }
  /** The tab closed its end, or is gone. */
  | { readonly kind: 'port_closed'; readonly port: PortId }
  | { readonly kind: 'connected' }
  | { readonly kind: 'server_frame'; readonly text: string }
  | { readonly kind: 'disconnected'; readonly code: number; readonly reason: string }
  /** The deadline may be over. */
  | { readonly kind: 'tick' };

/**
 * Joins any number of tabs to one connection. To the server they are one client; to each tab the connection looks like
 * its own: its refs, its subscriptions, a hello answered as if the server had been asked now. Nothing is kept beyond
 * the connection: when that ends, every tab's end closes with the same code, and each tab resumes from its own cursors.
 */
export function multiplex(state: MultiplexerState, input: MultiplexerInput, now: number): MultiplexerStep {
  const { state: next, effects } = taken(state, input, now);
  const hasSaid = effects.some(({ kind }) => kind === 'send');
  return { state: hasSaid ? { ...next, said_at: now } : next, effects };
}

function taken(state: MultiplexerState, input: MultiplexerInput, now: number): MultiplexerStep {
  switch (input.kind) {
    case 'port_opened':
      return andThen(giveUpWhenSilent(state, now), (present) => portOpened(present, input, now));
    case 'port_frame':
      return state.ports.has(input.port) ? fromTab(state, input, now) : step(state);
    case 'port_closed':
      return portClosed(state, input.port);
    case 'connected': {
      if (state.upstream.kind !== 'opening') return step(state);
      const ports = portsIn(state, 'waiting');
      const opened = ports.reduce((next, port) => withPort(next, port, { phase: 'open' }), state);
      return step({ ...opened, upstream: { kind: 'open', heard_at: now } }, { kind: 'opened', ports });
    }
    case 'server_frame':
      return serverFrame(state, input.text, now);
    case 'disconnected':
      if (state.upstream.kind === 'none') return step(state);
      return allClosed(state, input.code, input.reason);
    case 'tick':
      return giveUpWhenSilent(state, now);
  }
}

function portOpened(
  state: MultiplexerState,
  { port, url, protocol }: MultiplexerInput & { kind: 'port_opened' },
  now: number,
): MultiplexerStep {
  if (state.ports.has(port)) return step(state);
  if (state.ports.size >= PORTS_MAX)
    return step(state, closing([port], CLOSE_CODES.migrate.code, 'too many tabs share the connection', true));
  const joined = { ...state, ports: new Map(state.ports).set(port, NEW_PORT) };
  switch (state.upstream.kind) {
    case 'none':
      return step({ ...joined, upstream: { kind: 'opening', heard_at: now } }, { kind: 'open', url, protocol });
    case 'opening':
      return step(joined);
    case 'open':
    case 'greeting':
    case 'ready':
      return step(withPort(joined, port, { phase: 'open' }), { kind: 'opened', ports: [port] });
  }
}

function portClosed(state: MultiplexerState, port: PortId): MultiplexerStep {
  if (!state.ports.has(port)) return step(state);
  if (state.leaving === port) {
    const rest = { ...state, ports: new Map([...state.ports].filter(([id]) => id !== port)) };
    return andThen(step(rest, { kind: 'drop' }), (left) =>
      allClosed(left, CLOSE_CODES.migrate.code, CLOSE_CODES.migrate.text),
    );
  }
  if (state.ports.size === 1) return step(NOTHING, { kind: 'drop' });
  return withoutPort(state, port);
}

function serverFrame(state: MultiplexerState, text: string, now: number): MultiplexerStep {
  const { upstream } = state;
  if (upstream.kind === 'none' || upstream.kind === 'opening') return step(state);
  return fromServer({ ...state, upstream: { ...upstream, heard_at: now } }, text, now);
}

function giveUpWhenSilent(state: MultiplexerState, now: number): MultiplexerStep {
  const deadline = deadlineOf(state, CONNECT_MS);
  if (deadline === null || now < deadline) return step(state);
  const { code, text } = CLOSE_CODES.heartbeat_missed;
  const closed = state.upstream.kind === 'ready' ? allClosed(state, code, text) : allClosed(state, 1006, '');
  return step(closed.state, { kind: 'drop' }, ...closed.effects);
}

function allClosed(state: MultiplexerState, code: number, reason: string): MultiplexerStep {
  const ports = [...state.ports.keys()];
  return ports.length > 0 ? step(NOTHING, closing(ports, code, reason)) : step(NOTHING);
}
