import type { Socket } from '@konferenco/client';
import type { ClientFrame, InboxItem, Item, LogName, LogState, ReplyOf, ServerFrame } from '@konferenco/protocol';
import type { WireSeen } from './history.ts';

export interface Tap {
  frame(frame: TappedFrame): void;
  answer(answer: Answer): void;
}

/** The answer to a publication, by the id of its envelope. */
export type Answer =
  | { readonly frame: 'stored'; readonly id: string; readonly log: LogName; readonly offset: number }
  | { readonly frame: 'refusal'; readonly id: string; readonly code: number; readonly error: string };

export type TappedFrame =
  | Pick<WireSeen, 'frame' | 'log' | 'from' | 'to'>
  /** The answer to a subscription: the log stands from `from` to `to`. */
  | { readonly frame: 'subscribed'; readonly log: LogName; readonly from: number; readonly to: number };

/** Opens sockets on which somebody listens: what comes to a device is noted, whatever its client makes of it. */
export function tappedSockets(tap: Tap): (url: string, protocol: string) => Socket {
  return (url, protocol) => {
    const socket = new WebSocket(url, protocol);
    const asked = new Map<number, string>();
    const adapter: Socket = {
      send(text) {
        noteQuestion(text, asked);
        socket.send(text);
      },
      close: (code, reason) => socket.close(code, reason),
      onopen: null,
      onmessage: null,
      onclose: null,
      get buffered() {
        return socket.bufferedAmount;
      },
    };
    socket.onopen = () => adapter.onopen?.();
    socket.onclose = ({ code, reason }) => adapter.onclose?.(code, reason);
    socket.onmessage = ({ data }) => {
      listen(String(data), tap, asked);
      adapter.onmessage?.(String(data));
    };
    return adapter;
  };
}

/** Remembers which publication has which number. */
function noteQuestion(text: string, asked: Map<number, string>): void {
  if (!text.startsWith('{"type":"publish"')) return;
  const { ref, envelope } = JSON.parse(text) as Extract<ClientFrame, { type: 'publish' }>;
  if (ref !== undefined) asked.set(ref, envelope.id);
}

function listen(text: string, { frame: tap, answer }: Tap, asked: Map<number, string>): void {
  const frame = JSON.parse(text) as ServerFrame;
  switch (frame.type) {
    case 'message':
      return tap({ frame: 'message', log: frame.log, ...rangeOf(frame.items) });
    case 'inbox':
      for (const { log, offset } of frame.items) tap({ frame: 'inbox', log, from: offset, to: offset });
      return;
    case 'skipped':
      return tap({ frame: 'skipped', log: frame.log, from: frame.from, to: frame.to });
    case 'resync':
      return tap({ frame: 'resync', log: frame.log, from: 0, to: 0 });
    case 'error': {
      const id = taken(asked, frame.ref);
      if (id !== undefined) answer({ frame: 'refusal', id, code: frame.code, error: frame.error });
      return;
    }
    case 'reply': {
      const id = taken(asked, frame.ref);
      if (id !== undefined) {
        const { log, offset } = frame.data as ReplyOf<'publish'>;
        return answer({ frame: 'stored', id, log, offset });
      }
      for (const [log, { first, head }] of statesOf(frame.data))
        tap({ frame: 'subscribed', log, from: first, to: head });
      if (isPage(frame.data)) tap({ frame: 'page', log: frame.data.log, ...rangeOf(frame.data.items) });
      return;
    }
    default:
      return;
  }
}

function taken(asked: Map<number, string>, ref: number | undefined): string | undefined {
  const id = ref === undefined ? undefined : asked.get(ref);
  if (ref !== undefined) asked.delete(ref);
  return id;
}

/** States of the logs that a subscription was granted. */
function statesOf(data: unknown): (readonly [LogName, LogState])[] {
  if (typeof data !== 'object' || data === null || !('logs' in data)) return [];
  const { logs } = data as ReplyOf<'subscribe'>;
  return Object.entries(logs).flatMap(([log, state]) => ('head' in state ? [[log, state] as const] : []));
}

function isPage(data: unknown): data is { readonly log: LogName; readonly items: readonly (Item | InboxItem)[] } {
  return typeof data === 'object' && data !== null && 'log' in data && 'items' in data && Array.isArray(data.items);
}

function rangeOf(items: readonly (Item | InboxItem)[]): { readonly from: number; readonly to: number } {
  const [first, last] = [items[0], items.at(-1)];
  return { from: first ? placeOf(first) : 0, to: last ? placeOf(last) : 0 };
}

function placeOf(item: Item | InboxItem): number {
  return 'inbox' in item ? item.inbox : item.offset;
}
