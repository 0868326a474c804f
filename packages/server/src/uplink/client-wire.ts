import type { Dial } from './home-end.ts';

/** The platform's WebSocket takes options beside what browsers know of it. */
const Socket: new (url: string, options: Bun.WebSocketOptions) => WebSocket = WebSocket as never;

/**
 * Dials a mirror with the platform's WebSocket.
 *
 * @param authorities says when it dials which are trusted, in PEM format; `undefined`: those the system knows
 */
export function dialerOf(url: string, authorities: () => string | undefined): Dial {
  return ({ opened, received, closed }) => {
    const ca = authorities();
    const socket = new Socket(url, ca === undefined ? {} : { tls: { ca, rejectUnauthorized: true } });
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
    socket.onerror = (event) => over(faultOf(event));
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

/** Why the mirror was not reached, and what to do where that is known. */
function faultOf(event: Event): string {
  const error: unknown = event instanceof ErrorEvent ? event.error : null;
  const code = (error as { readonly code?: unknown } | null)?.code;
  if (typeof code !== 'string') return 'the mirror cannot be reached';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return 'the certificate of the mirror is for another host: name the host in KONFERENCO_UPLINK_URL as it does';
  if (/^(SELF_SIGNED|UNABLE_TO|DEPTH_ZERO)/.test(code))
    return 'the certificate of the mirror is not trusted: name its authority in KONFERENCO_UPLINK_CA_FILE';
  return `the mirror cannot be reached (${code})`;
}
