import type { Socket } from '@konferenco/client';
import type { InboxItem, Item, LogName, LogState, ReplyOf, ServerFrame } from '@konferenco/protocol';
import type { WireSeen } from './history.ts';

export type Tap = (frame: TappedFrame) => void;

export type TappedFrame =
  | Pick<WireSeen, 'frame' | 'log' | 'from' | 'to'>
  /** The answer to a subscription: the log stands from `from` to `to`. */
  | { readonly frame: 'subscribed'; readonly log: LogName; readonly from: number; readonly to: number };

/** Opens sockets on which somebody listens: what comes to a device is noted, whatever its client makes of it. */
export function tappedSockets(tap: Tap): (url: string, protocol: string) => Socket {
  return (url, protocol) => {
    const socket = new WebSocket(url, protocol);
    const adapter: Socket = {
      send: (text) => socket.send(text),
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
      listen(String(data), tap);
      adapter.onmessage?.(String(data));
    };
    return adapter;
  };
}

function listen(text: string, tap: Tap): void {
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
    case 'reply':
      for (const [log, { first, head }] of statesOf(frame.data))
        tap({ frame: 'subscribed', log, from: first, to: head });
      if (isPage(frame.data)) tap({ frame: 'page', log: frame.data.log, ...rangeOf(frame.data.items) });
      return;
    default:
      return;
  }
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
