import {
  ERROR_CODES,
  LIMITS,
  type LogName,
  type ReplyOf,
  type ServerFrame,
  type ServerFrameOf,
} from '@konferenco/protocol';
import {
  andThen,
  type Asked,
  canShare,
  closing,
  hearersOf,
  listeners,
  type MultiplexerState,
  type MultiplexerStep,
  NOTHING,
  type PortId,
  portsIn,
  readFrame,
  step,
  type Upstream,
  withPort,
  withRef,
} from './multiplex-state.ts';
import { isAnswerDue } from '../sign-of-life.ts';
import { alignStatus, alone } from './multiplex-up.ts';

/** To whom a frame of the server goes, and what it teaches. Frames this version does not know go to every tab. */
export function fromServer(state: MultiplexerState, text: string, now: number): MultiplexerStep {
  const frame = readFrame(text) as ServerFrame | null;
  if (!frame) {
    const close = closing([...state.ports.keys()], 1006, 'a frame that is not JSON');
    return step(NOTHING, { kind: 'drop' }, close);
  }
  switch (frame.type) {
    case 'reply':
    case 'error':
      return answer(state, frame, text, now);
    case 'message':
    case 'transient':
    case 'skipped':
      return deliver(state, hearersOf(state, frame.log as LogName), text);
    case 'resync':
      return deliver(
        learnt(state, { unsure: frame.log.startsWith('in:') }),
        hearersOf(state, frame.log as LogName),
        text,
      );
    case 'inbox':
      return deliver(inboxGrew(state, newest(frame)), listeners(state), text);
    case 'heartbeat': {
      const answer = JSON.stringify({ type: 'heartbeat', nonce: frame.nonce });
      const told = withUpstream(state, (upstream) => ({
        ...upstream,
        told_at: now,
        welcome: { ...upstream.welcome, server_time: frame.server_time },
      }));
      const answered = isAnswerDue(state.said_at, now) ? step(told, { kind: 'send', text: answer }) : step(told);
      return andThen(answered, (next) => deliver(next, listeners(next), text));
    }
    case 'presence':
      return deliver(state, watchersOf(state, frame), text);
    case 'migrate': {
      const [first] = listeners(state);
      return first === undefined ? step(state) : deliver({ ...state, leaving: first }, [first], text);
    }
    default:
      return deliver(state, listeners(state), text);
  }
}

type Answer = ServerFrameOf<'reply'> | ServerFrameOf<'error'>;

function answer(state: MultiplexerState, frame: Answer, text: string, now: number): MultiplexerStep {
  if (frame.ref === undefined) {
    const port = state.unreferenced;
    return port !== null && state.ports.has(port) ? deliver(state, [port], text) : step(state);
  }
  const asked = state.asked.get(frame.ref);
  if (!asked) return step(state);
  const rest = { ...state, asked: new Map([...state.asked].filter(([ref]) => ref !== frame.ref)) };
  if (asked.type === 'hello') return helloAnswered(rest, frame, text, now);
  const learntBy = frame.type === 'reply' ? replied(rest, frame.ref, asked, frame.data) : refused(rest, asked);
  const { port } = asked;
  if (port === null || !state.ports.has(port)) return step(learntBy);
  if (frame.type === 'reply' && isCrowdedOut(state, asked, frame.data)) return alone(learntBy, port);
  return deliver(learntBy, [port], withRef(text, asked.ref));
}

/** What the answer to one tab teaches for the others. */
function replied(state: MultiplexerState, ref: number, asked: Asked, data: unknown): MultiplexerState {
  switch (asked.type) {
    case 'auth': {
      const { expires_at } = data as ReplyOf<'auth'>;
      return withUpstream(state, (upstream) => ({ ...upstream, welcome: { ...upstream.welcome, expires_at } }));
    }
    case 'history': {
      const { log, first, head } = data as ReplyOf<'history'>;
      return log.startsWith('in:') ? learnt(state, { first, head, ref }) : state;
    }
    case 'subscribe': {
      const { logs } = data as ReplyOf<'subscribe'>;
      return forget(state, asked, (log) => !logs[log] || 'code' in logs[log]);
    }
    default:
      return state;
  }
}

function refused(state: MultiplexerState, asked: Asked): MultiplexerState {
  const port = asked.port === null ? undefined : state.ports.get(asked.port);
  if (!port || asked.port === null) return state;
  if (asked.type === 'subscribe') return forget(state, asked, () => true);
  // The server still sends what it was asked to stop, and the tab will ask again.
  if (asked.type === 'unsubscribe')
    return withPort(state, asked.port, { logs: new Set([...port.logs, ...asked.logs]) });
  return state;
}

function forget(state: MultiplexerState, asked: Asked, isGone: (log: LogName) => boolean): MultiplexerState {
  const port = asked.port === null ? undefined : state.ports.get(asked.port);
  if (!port || asked.port === null) return state;
  const gone = asked.logs.filter(isGone);
  return gone.length === 0
    ? state
    : withPort(state, asked.port, { logs: new Set([...port.logs].filter((log) => !gone.includes(log))) });
}

/** Refused only because other tabs use up the connection's subscriptions. */
function isCrowdedOut(state: MultiplexerState, asked: Asked, data: unknown): boolean {
  if (asked.type !== 'subscribe' || asked.port === null) return false;
  const full = ERROR_CODES.too_many_subscriptions.code;
  const answers = Object.values((data as ReplyOf<'subscribe'>).logs);
  const own = state.ports.get(asked.port)?.logs.size ?? 0;
  return own <= LIMITS.subscriptions && answers.some((one) => 'code' in one && one.code === full);
}

function helloAnswered(state: MultiplexerState, frame: Answer, text: string, now: number): MultiplexerStep {
  const { upstream } = state;
  if (upstream.kind !== 'greeting') return step(state);
  const greeting = portsIn(state, 'greeting');
  const told = greeting.map((port) => ({
    kind: 'deliver' as const,
    ports: [port],
    text: withRef(text, state.ports.get(port)?.helloRef ?? 0),
  }));
  if (frame.type === 'error') {
    const again = greeting.reduce((next, port) => withPort(next, port, { phase: 'open' }), state);
    return step({ ...again, upstream: { kind: 'open', heard_at: now } }, ...told);
  }
  const { inboxHead, ...known } = upstream;
  const said = frame.data as ReplyOf<'hello'>;
  const welcome = { ...said, inbox: { ...said.inbox, head: Math.max(said.inbox.head, inboxHead) } };
  const ready: Upstream = { ...known, kind: 'ready', welcome, told_at: now, inboxUnsure: null };
  const fits = (port: PortId): boolean => {
    const said = state.ports.get(port)?.greeting;
    return said !== undefined && canShare(upstream.greeting, said, welcome.device_id);
  };
  const joined = greeting.filter(fits).reduce((next, port) => withPort(next, port, { phase: 'ready' }), state);
  const replies = told.filter(({ ports }) => ports.every(fits));
  return greeting
    .filter((port) => !fits(port))
    .reduce(
      (before, port) => andThen(before, (next) => alone(next, port)),
      andThen(step({ ...joined, upstream: ready }, ...replies), alignStatus),
    );
}

/** Where the inbox stands, for the next hello. */
function learnt(
  state: MultiplexerState,
  news: { readonly head?: number; readonly first?: number; readonly ref?: number; readonly unsure?: boolean },
): MultiplexerState {
  return withUpstream(state, (upstream) => {
    const { inbox } = upstream.welcome;
    const isSure = news.ref !== undefined && upstream.inboxUnsure !== null && news.ref >= upstream.inboxUnsure;
    return {
      ...upstream,
      inboxUnsure: news.unsure ? state.lastRef + 1 : isSure ? null : upstream.inboxUnsure,
      welcome: {
        ...upstream.welcome,
        inbox: {
          ...inbox,
          first: Math.max(inbox.first, news.first ?? 0),
          head: Math.max(inbox.head, news.head ?? 0),
        },
      },
    };
  });
}

function inboxGrew(state: MultiplexerState, head: number): MultiplexerState {
  const { upstream } = state;
  if (upstream.kind !== 'greeting') return learnt(state, { head });
  return { ...state, upstream: { ...upstream, inboxHead: Math.max(upstream.inboxHead, head) } };
}

function newest(frame: ServerFrameOf<'inbox'>): number {
  return frame.items.reduce((head, item) => Math.max(head, item.inbox), 0);
}

function watchersOf(state: MultiplexerState, frame: ServerFrameOf<'presence'>): readonly PortId[] {
  const { channel, users } = frame;
  const named = new Set(users.map(({ user_id }) => user_id));
  return [...state.ports].flatMap(([id, { watched }]) =>
    (channel !== undefined ? watched.channels.includes(channel) : watched.users.some((user) => named.has(user)))
      ? [id]
      : [],
  );
}

function deliver(state: MultiplexerState, ports: readonly PortId[], text: string): MultiplexerStep {
  return ports.length > 0 ? step(state, { kind: 'deliver', ports, text }) : step(state);
}

function withUpstream(
  state: MultiplexerState,
  change: (upstream: Upstream & { kind: 'ready' }) => Upstream,
): MultiplexerState {
  return state.upstream.kind === 'ready' ? { ...state, upstream: change(state.upstream) } : state;
}
