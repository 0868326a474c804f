import { SUBPROTOCOL } from '@konferenco/protocol';
import type { Environment } from '../types.ts';
import type { Access, TransportSocket } from './request-socket.ts';
import { betterThan, type Choice, choose, type Failure, FIRST_CHOICE, type TransportName } from './transport-choice.ts';

export interface TransportsOptions {
  readonly environment: Environment;
  /** The WebSocket's address with what opens it. Rejects with a KonferencoError, as `access` does. */
  readonly address: (refresh: boolean) => Promise<string>;
  readonly access: (refresh: boolean) => Promise<Access>;
  /** The fields of a hello. */
  readonly hello: () => object;
  /** A better transport than the one in use works: it is the one that opens next. */
  readonly better: () => void;
}

/** Opens connections by the transport that works here, and finds out when a better one does. */
export class Transports {
  readonly #options: TransportsOptions;
  #choice: Choice = FIRST_CHOICE;
  #cancelProbe: () => void = () => {};
  /** Ends a look for a better transport that is under way. */
  #endLook: () => void = () => {};
  /** Changes whenever what a look finds is of no interest any more. */
  #generation = 0;

  constructor(options: TransportsOptions) {
    this.#options = options;
  }

  get kind(): TransportName {
    return this.#choice.kind;
  }

  /** A socket by the present choice, on its way. With `refresh`, only after the credentials were renewed. */
  async open(refresh: boolean): Promise<TransportSocket> {
    try {
      return await this.#open(this.kind, refresh);
    } catch (error) {
      // A fallback that cannot even begin, its code not loaded perhaps, must not keep the others from being tried.
      if (this.kind !== 'websocket') this.failed('unreachable');
      throw error;
    }
  }

  /** The connection stands. */
  worked(): void {
    this.#choice = choose(this.#choice, { kind: 'worked' });
    this.#planProbe();
  }

  /** A connection ended before it stood. */
  failed(failure: Failure): void {
    this.#choice = choose(this.#choice, { kind: 'failed', failure });
  }

  /** Nothing came within the time for a beginning. `socket`: what the try has got as far as. */
  silent(socket: TransportSocket | null): void {
    if (this.kind === 'websocket') {
      // Without a socket it was the credentials that did not come.
      if (socket) this.failed(socket.failure ?? 'blocked');
    } else this.failed(socket ? 'blocked' : 'unreachable');
  }

  /** The connection is gone. */
  lost(): void {
    this.#generation++;
    this.#cancelProbe();
    this.#endLook();
  }

  /** The device came to a network. */
  arrived(): void {
    this.#choice = choose(this.#choice, { kind: 'network' });
  }

  async #open(kind: TransportName, refresh: boolean): Promise<TransportSocket> {
    const { environment, address, access } = this.#options;
    if (kind === 'websocket') return environment.openSocket(await address(refresh), SUBPROTOCOL);
    const { openFallback } = await loadFallback();
    return openFallback(kind, { environment, access: await access(refresh) });
  }

  #planProbe(): void {
    this.#cancelProbe();
    if (this.kind === 'websocket') return;
    const { after, random } = this.#options.environment;
    this.#cancelProbe = after(this.#choice.probe_ms * (0.75 + random() / 2), () => void this.#probe());
  }

  async #probe(): Promise<void> {
    const generation = this.#generation;
    let better: TransportName | null = null;
    for (const kind of betterThan(this.kind)) {
      if (better === null && (await this.#works(kind))) better = kind;
      if (generation !== this.#generation) return;
    }
    this.#choice = choose(this.#choice, { kind: 'probed', better });
    if (better === null) this.#planProbe();
    else this.#options.better();
  }

  /** Whether a connection by `kind` gets a reply to hello. */
  async #works(kind: TransportName): Promise<boolean> {
    const generation = this.#generation;
    const fallback = await loadFallback().catch(() => null);
    const socket = fallback && (await this.#open(kind, false).catch(() => null));
    if (generation !== this.#generation) socket?.close(1000, '');
    if (!socket || generation !== this.#generation) return false;
    const look = fallback.lookOver(socket, this.#options);
    this.#endLook = look.end;
    return look.works;
  }
}

/** The code of the other transports, and of what looks for better ones: loaded only where no WebSocket gets through. */
function loadFallback(): Promise<typeof import('./fallback.ts')> {
  return import('./fallback.ts');
}
