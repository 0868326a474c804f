import type { Socket } from '@konferenco/client';
import type { LogName, ServerFrame } from '@konferenco/protocol';

/** A client's socket on which somebody listens: what a node writes of a log must be in the order of its offsets, each once. */
export function tapped(inner: Socket, broken: (what: string) => void): Socket {
  const newest = new Map<LogName, number>();
  const outer: Socket = {
    onopen: null,
    onmessage: null,
    onclose: null,
    get buffered() {
      return inner.buffered;
    },
    send: (text) => inner.send(text),
    close: (code, reason) => inner.close(code, reason),
  };
  inner.onopen = () => outer.onopen?.();
  inner.onclose = (code, reason) => outer.onclose?.(code, reason);
  inner.onmessage = (text) => {
    const frame = JSON.parse(text) as ServerFrame;
    if (frame.type === 'message') {
      for (const { offset } of frame.items) {
        const last = newest.get(frame.log) ?? 0;
        if (offset <= last) broken(`a node wrote ${frame.log} @${offset} after @${last}`);
        newest.set(frame.log, Math.max(last, offset));
      }
    }
    outer.onmessage?.(text);
  };
  return outer;
}
