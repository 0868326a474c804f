import { SUBPROTOCOL } from '@konferenco/protocol';
import type { Environment } from '../types.ts';
import type { Access, TransportSocket } from './request-socket.ts';
import { type Choice, choose, type Failure, FIRST_CHOICE, type TransportName } from './transport-choice.ts';

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
  #endSearch: () => void = () => {};

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
    void this.#search();
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
    this.#endSearch();
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

  /** Looks for a better transport from now on. */
  async #search(): Promise<void> {
    this.#endSearch();
    if (this.kind === 'websocket') return;
    let isOver = false;
    this.#endSearch = () => {
      isOver = true;
    };
    const { environment, hello, better } = this.#options;
    // Loaded already by the connection that stands.
    const { searchBetter } = await loadFallback();
    if (isOver) return;
    this.#endSearch = searchBetter({
      ...{ environment, hello, kind: this.kind },
      pause: () => this.#choice.probe_ms,
      open: (kind) => this.#open(kind, false),
      found: (kind) => {
        this.#choice = choose(this.#choice, { kind: 'probed', better: kind });
        if (kind !== null) better();
      },
    });
  }
}

/** The code of the other transports, and of what looks for better ones: loaded only where no WebSocket gets through. */
function loadFallback(): Promise<typeof import('./fallback.ts')> {
  return import('./fallback.ts');
}
