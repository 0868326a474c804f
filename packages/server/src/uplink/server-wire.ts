import type { EndSocket } from '../gateway/websocket.ts';
import type { Wire } from './link.ts';

/** Bytes handed to the socket at once. Bun drops what a socket's buffer cannot hold, so the rest waits here. */
const SOCKET_BYTES = 48 * 1024;
/** Beyond this the other side does not read: the connection is of no use. */
const MOST_BYTES = 64 * 1024 * 1024;

/** The server's end of a socket: what it cannot send at once it keeps, in order. */
export class ServerWire implements Wire {
  #socket: EndSocket | null = null;
  #pieces: Uint8Array<ArrayBuffer>[] = [];
  #bytes = 0;

  open(socket: EndSocket): void {
    this.#socket = socket;
    this.drain();
  }

  get waiting(): number {
    return this.#bytes + (this.#socket?.getBufferedAmount() ?? 0);
  }

  send(piece: Uint8Array<ArrayBuffer>): void {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    if (this.#bytes > MOST_BYTES) return this.close('too much waits');
    this.drain();
  }

  /** The socket can take more. */
  drain(): void {
    const socket = this.#socket;
    if (!socket) return;
    let taken = 0;
    while (taken < this.#pieces.length && socket.getBufferedAmount() < SOCKET_BYTES) {
      const piece = this.#pieces[taken++];
      if (!piece) break;
      this.#bytes -= piece.length;
      socket.send(piece);
    }
    if (taken > 0) this.#pieces.splice(0, taken);
  }

  close(reason: string): void {
    const socket = this.#socket;
    this.#socket = null;
    // What is said last, such as why not, goes out before.
    for (const piece of this.#pieces.splice(0).slice(0, 1)) socket?.send(piece);
    this.#bytes = 0;
    socket?.close(4000, reason.slice(0, 100));
  }
}
