import { CLOSE_CODES, type ClientFrame, type ClientFrameOf, type LogName } from '@konferenco/protocol';
import {
  andThen,
  ask,
  canShare,
  closing,
  type Greeting,
  isWanted,
  mergedStatus,
  mergedWatch,
  type MultiplexerState,
  type MultiplexerStep,
  type PortId,
  readFrame,
  step,
  type Watched,
  welcomeAt,
  withPort,
  withRef,
} from './multiplex-state.ts';

interface TabFrame {
  readonly port: PortId;
  readonly text: string;
}

/** What becomes of a frame of one tab. Frames this version does not know are passed on, and their answers back. */
export function fromTab(state: MultiplexerState, { port, text }: TabFrame, now: number): MultiplexerStep {
  const frame = readFrame(text) as ClientFrame | null;
  if (!frame) return andThen(withoutPort(state, port), (left) => step(left, closing([port], 1006, 'not a frame')));
  switch (frame.type) {
    case 'hello':
      return hello(state, { port, text }, frame, now);
    case 'subscribe':
      return subscribe(state, { port, text }, frame);
    case 'unsubscribe':
      return unsubscribe(state, port, frame);
    case 'ack':
      return acknowledge(state, frame);
    case 'watch':
      return watch(state, port, frame);
    case 'presence':
      return andThen(step(withPort(state, port, { status: frame.status })), (changed) =>
        andThen(step(changed, ...answered(port, frame.ref)), alignStatus),
      );
    case 'heartbeat':
      // The connection's heartbeat is answered once, as it comes.
      return step(state);
    default:
      return pass(state, { port, text }, frame);
  }
}

/** The tab is gone: so is what only it wanted. */
export function withoutPort(state: MultiplexerState, port: PortId): MultiplexerStep {
  const gone = state.ports.get(port);
  if (!gone) return step(state);
  const left: MultiplexerState = { ...state, ports: new Map([...state.ports].filter(([id]) => id !== port)) };
  const unwanted = [...gone.logs].filter((log) => !isWanted(left, log));
  const quiet = unwanted.length > 0 ? askItself(left, { type: 'unsubscribe', logs: unwanted }) : step(left);
  return andThen(quiet, (now) => andThen(alignStatus(now), (next) => alignWatch(next, state)));
}

/** Says the most present tab's status when it is another than the server was told. */
export function alignStatus(state: MultiplexerState): MultiplexerStep {
  const { upstream } = state;
  const status = mergedStatus(state);
  if (upstream.kind !== 'ready' || status === null || upstream.status === status) return step(state);
  const text = JSON.stringify({ type: 'presence', status } satisfies ClientFrame);
  return step({ ...state, upstream: { ...upstream, status } }, { kind: 'send', text });
}

function hello(
  state: MultiplexerState,
  { port, text }: TabFrame,
  frame: ClientFrameOf<'hello'>,
  now: number,
): MultiplexerStep {
  const { upstream } = state;
  const greeting: Greeting = { device_id: frame.device_id, capabilities: frame.capabilities ?? [] };
  const status = frame.status ?? 'online';
  const greeted = withPort(state, port, { phase: 'greeting', helloRef: frame.ref, greeting, status });
  switch (upstream.kind) {
    case 'none':
    case 'opening':
      return step(state);
    case 'open':
      return ask(
        { ...greeted, upstream: { ...upstream, kind: 'greeting', status, greeting, inboxHead: 0 } },
        { port, ref: frame.ref, type: 'hello', logs: [] },
        (ref) => withRef(text, ref),
      );
    case 'greeting':
      return step(greeted);
    case 'ready': {
      if (!canShare(upstream.greeting, greeting, upstream.welcome.device_id)) return alone(state, port);
      const ready = withPort(greeted, port, { phase: 'ready' });
      return andThen(step(ready, ...welcoming(upstream, port, frame, now)), alignStatus);
    }
  }
}

/** The answer to a hello that the server does not see, and, where the inbox has to be asked, the word for that. */
function welcoming(
  upstream: MultiplexerState['upstream'] & { kind: 'ready' },
  port: PortId,
  { ref, inbox }: ClientFrameOf<'hello'>,
  now: number,
): MultiplexerStep['effects'] {
  const welcome = welcomeAt(upstream, now);
  const reply = { type: 'reply', ref, data: welcome };
  const resync = { type: 'resync', log: `in:${welcome.user_id}` };
  const isSure = upstream.inboxUnsure === null && (inbox === undefined || inbox >= welcome.inbox.head);
  return (isSure ? [reply] : [reply, resync]).map((frame) => ({
    kind: 'deliver',
    ports: [port],
    text: JSON.stringify(frame),
  }));
}

/** Always asked of the server, so that the tab learns where each log stands now. */
function subscribe(
  state: MultiplexerState,
  { port, text }: TabFrame,
  frame: ClientFrameOf<'subscribe'>,
): MultiplexerStep {
  const logs = new Set([...(state.ports.get(port)?.logs ?? []), ...(frame.logs as LogName[])]);
  const wanting = withPort(state, port, { logs });
  return ask(wanting, { port, ref: frame.ref, type: 'subscribe', logs: frame.logs as LogName[] }, (ref) =>
    withRef(text, ref),
  );
}

/** Only what no other tab wants is given up. */
function unsubscribe(state: MultiplexerState, port: PortId, frame: ClientFrameOf<'unsubscribe'>): MultiplexerStep {
  const dropped = frame.logs as LogName[];
  const logs = new Set([...(state.ports.get(port)?.logs ?? [])].filter((log) => !dropped.includes(log)));
  const left = withPort(state, port, { logs });
  const unwanted = dropped.filter((log) => !isWanted(left, log));
  if (unwanted.length === 0) return step(left, ...answered(port, frame.ref));
  return ask(left, { port, ref: frame.ref, type: 'unsubscribe', logs: unwanted }, (ref) =>
    JSON.stringify({ type: 'unsubscribe', ref, logs: unwanted }),
  );
}

/** A tab acknowledges what it has taken into what all tabs share, so the highest word counts. */
function acknowledge(state: MultiplexerState, { inbox }: ClientFrameOf<'ack'>): MultiplexerStep {
  const { upstream } = state;
  if (upstream.kind !== 'ready' || inbox <= (upstream.welcome.inbox.cursor ?? 0)) return step(state);
  const welcome = { ...upstream.welcome, inbox: { ...upstream.welcome.inbox, cursor: inbox } };
  const text = JSON.stringify({ type: 'ack', inbox } satisfies ClientFrame);
  return step({ ...state, upstream: { ...upstream, welcome } }, { kind: 'send', text });
}

/** Always asked of the server, which answers with the full state. */
function watch(state: MultiplexerState, port: PortId, frame: ClientFrameOf<'watch'>): MultiplexerStep {
  const watched: Watched = { channels: frame.channels ?? [], users: frame.users ?? [] };
  const watching = withPort(state, port, { watched });
  const all = mergedWatch(watching);
  if (!all && state.ports.size > 1) return alone(state, port);
  return ask(watching, { port, ref: frame.ref, type: 'watch', logs: [] }, (ref) =>
    JSON.stringify({ type: 'watch', ref, ...(all ?? watched) }),
  );
}

function alignWatch(state: MultiplexerState, before: MultiplexerState): MultiplexerStep {
  const all = mergedWatch(state);
  if (!all || JSON.stringify(all) === JSON.stringify(mergedWatch(before))) return step(state);
  return askItself(state, { type: 'watch', ...all });
}

function pass(
  state: MultiplexerState,
  { port, text }: TabFrame,
  frame: { readonly type: string; readonly ref?: number; readonly log?: string },
): MultiplexerStep {
  if (frame.ref === undefined) return step({ ...state, unreferenced: port }, { kind: 'send', text });
  const logs = frame.log === undefined ? [] : [frame.log as LogName];
  return ask(state, { port, ref: frame.ref, type: frame.type, logs }, (ref) => withRef(text, ref));
}

/** A request of the multiplexer's own, whose answer nobody waits for. */
function askItself(
  state: MultiplexerState,
  fields: { readonly type: string } & Record<string, unknown>,
): MultiplexerStep {
  const { type, ...rest } = fields;
  return ask(state, { port: null, ref: 0, type, logs: [] }, (ref) => JSON.stringify({ type, ref, ...rest }));
}

/** This tab cannot share the connection: it gets one of its own. */
export function alone(state: MultiplexerState, port: PortId): MultiplexerStep {
  const close = closing([port], CLOSE_CODES.migrate.code, CLOSE_CODES.migrate.text, true);
  return andThen(withoutPort(state, port), (left) => step(left, close));
}

function answered(port: PortId, ref: number | undefined): MultiplexerStep['effects'] {
  if (ref === undefined) return [];
  return [{ kind: 'deliver', ports: [port], text: JSON.stringify({ type: 'reply', ref, data: {} }) }];
}
