import type { Dial } from './home-end.ts';

/** Dials a mirror with the platform's WebSocket. */
export function dialerOf(url: string): Dial {
  return ({ opened, received, closed }) => {
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    let isOver = false;
    const over = (reason: string) => {
      if (isOver) return;
      isOver = true;
      closed(reason);
    };
    socket.onopen = opened;
    socket.onmessage = ({ data }) => {
      if (data instanceof ArrayBuffer) received(new Uint8Array(data));
      else socket.close(4000, 'text');
    };
    socket.onerror = () => over('the mirror cannot be reached');
    socket.onclose = ({ code }) => over(`the connection ended (${code})`);
    return {
      send: (piece) => {
        if (socket.readyState === WebSocket.OPEN) socket.send(piece);
      },
      get waiting() {
        return socket.bufferedAmount;
      },
      close: (reason) => {
        isOver = true;
        socket.close(4000, reason.slice(0, 100));
      },
    };
  };
}
