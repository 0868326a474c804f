import { LIMITS } from '@konferenco/protocol';
import type { TransportSocket } from '../transport/request-socket.ts';
import type { Failure } from '../transport/transport-choice.ts';
import type { Socket } from '../types.ts';
import type { PortId } from './multiplex-state.ts';

/** Where a shared socket's frames go once it has found a connection. */
export interface SocketLink {
  send(text: string): void;
  close(code?: number, reason?: string): void;
  readonly buffered: number;
}

/** The largest frame a server takes was exceeded. */
const TOO_LARGE = 1009;

/** A tab's end of a connection that may be another tab's. To the client above it is a socket like any other. */
export class SharedSocket implements TransportSocket {
  onopen: (() => void) | null = null;
  onmessage: ((text: string) => void) | null = null;
  onclose: ((code: number, reason: string) => void) | null = null;
  readonly port: PortId;
  readonly url: string;
  readonly protocol: string;
  /** Its tab had to find out who owns the connection. */
  hasWaited = false;
  #link: SocketLink | null = null;
  #phase: 'waiting' | 'open' | 'closed' = 'waiting';

  constructor(port: PortId, url: string, protocol: string) {
    this.port = port;
    this.url = url;
    this.protocol = protocol;
  }

  get isClosed(): boolean {
    return this.#phase === 'closed';
  }

  /** A wait for another tab says nothing of the way to the server. */
  get failure(): Failure | undefined {
    return this.hasWaited ? 'refused' : undefined;
  }

  get buffered(): number {
    return this.#link?.buffered ?? 0;
  }

  send(text: string): void {
    if (this.#phase !== 'open') return;
    if (text.length <= LIMITS.frame_bytes) this.#link?.send(text);
    else this.close(TOO_LARGE, '');
  }

  close(code = 1000, reason = ''): void {
    const link = this.#link;
    if (!this.#end()) return;
    link?.close(code, reason);
    queueMicrotask(() => this.onclose?.(code, reason));
  }

  attach(link: SocketLink): void {
    this.#link = link;
  }

  opened(): void {
    if (this.#phase !== 'waiting') return;
    this.#phase = 'open';
    this.onopen?.();
  }

  hear(text: string): void {
    if (this.#phase === 'open') this.onmessage?.(text);
  }

  /** The connection ended this socket. */
  closed(code: number, reason: string): void {
    if (this.#end()) this.onclose?.(code, reason);
  }

  #end(): boolean {
    const isNew = this.#phase !== 'closed';
    this.#phase = 'closed';
    this.#link = null;
    return isNew;
  }
}

/** Lets the socket be one of its own. */
export function connectAlone(shared: SharedSocket, open: (url: string, protocol: string) => Socket): void {
  const socket = open(shared.url, shared.protocol);
  shared.attach({
    send: (text) => socket.send(text),
    close: (code, reason) => socket.close(code, reason),
    get buffered() {
      return socket.buffered;
    },
  });
  socket.onopen = () => shared.opened();
  socket.onmessage = (text) => shared.hear(text);
  socket.onclose = (code, reason) => shared.closed(code, reason);
}
