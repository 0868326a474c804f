import { type Client, type ClientOptions, createClient } from '@konferenco/client';
import { type LocalStore, memoryStore } from '@konferenco/client/storage';
import { until } from './until.ts';

type Conflict = Parameters<Parameters<Client['on']>[1]>[0];

/** A device with a store of its own, whose network the test takes away and gives back, and whose program it restarts. */
export class OfflineDevice {
  readonly store: LocalStore = memoryStore();
  readonly conflicts: Conflict[] = [];
  readonly #options: ClientOptions;
  readonly #sockets = new Set<{ close(): void }>();
  #isUp = true;
  #networkChanged = () => {};
  #client: Client | null = null;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  get client(): Client {
    if (!this.#client) throw new Error('the program does not run');
    return this.#client;
  }

  /** Starts the program; resolves when it is online, or at once without a network. */
  async start(): Promise<void> {
    const client = createClient({
      ...this.#options,
      store: this.store,
      environment: {
        openSocket: (url, protocol) => this.#open(url, protocol),
        network: {
          online: () => this.#isUp,
          subscribe: (fn) => {
            this.#networkChanged = fn;
            return () => {};
          },
        },
      },
    });
    client.on('conflict', (conflict) => this.conflicts.push(conflict));
    this.#client = client;
    await client.restore();
    const connected = client.connect();
    if (this.#isUp) await connected;
    else connected.catch(() => undefined);
  }

  async restart(): Promise<void> {
    await this.client.close();
    await this.start();
  }

  offline(): void {
    this.#isUp = false;
    for (const socket of this.#sockets) socket.close();
    this.#networkChanged();
  }

  async online(): Promise<void> {
    this.#isUp = true;
    this.#networkChanged();
    this.client.reconnectNow();
    await until(() => this.client.link.kind === 'online', 'the device is online');
  }

  #open(url: string, protocol: string) {
    const socket = new WebSocket(url, protocol);
    const adapter: ReturnType<NonNullable<NonNullable<ClientOptions['environment']>['openSocket']>> = {
      send: (text) => socket.send(text),
      close: (code, reason) => socket.close(code, reason),
      onopen: null,
      onmessage: null,
      onclose: null,
      get buffered() {
        return socket.bufferedAmount;
      },
    };
    this.#sockets.add(socket);
    socket.onopen = () => adapter.onopen?.();
    socket.onmessage = ({ data }) => adapter.onmessage?.(String(data));
    socket.onclose = ({ code, reason }) => {
      this.#sockets.delete(socket);
      adapter.onclose?.(code, reason);
    };
    return adapter;
  }
}
