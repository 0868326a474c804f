import type { Socket } from 'bun';

/** What happens to a COMMIT that passes: nothing, it is lost on its way, or its answer is. */
export type Fate = 'passes' | 'is lost' | 'gets no answer';

/** The statement as it travels to the server, and the word for it on the way back. */
const COMMIT = 'COMMIT\0';
/** The name that a store's writer connects under. */
const WRITER = /application_name\0konferenco [0-9a-f-]+ w\0/;

interface Link {
  readonly client: Socket<unknown>;
  readonly early: Uint8Array[];
  server: Socket<unknown> | null;
  /** Whether this is the connection that commits: it says so in its first words. */
  writes: boolean;
  /** Nothing the server says is passed on any more, and when it says that it committed, the connection breaks. */
  cut: boolean;
}

/** Stands between a store and its server and breaks the connection of its writer when the next COMMIT comes. */
export class CuttingProxy {
  readonly #listener: Bun.TCPSocketListener<unknown>;
  readonly #target: number;
  readonly #links = new Map<Socket<unknown>, Link>();
  #fate: Fate = 'passes';
  #refusing = false;
  #refuseAfter = false;
  /** Connections broken on the way of a COMMIT. */
  cuts = 0;

  constructor(target: number) {
    this.#target = target;
    this.#listener = Bun.listen({
      hostname: '127.0.0.1',
      port: 0,
      socket: {
        open: (client) => this.#connect(client),
        data: (client, bytes) => this.#fromClient(client, bytes),
        close: (client) => this.#end(client),
        error: (client) => this.#end(client),
      },
    });
  }

  get url(): string {
    return `postgres://konferenco@127.0.0.1:${this.#listener.port}/konferenco`;
  }

  /** Says what becomes of the next COMMIT, and whether connections are refused from then on. */
  next(fate: Fate, { thenRefuse = false } = {}): void {
    this.#fate = fate;
    this.#refuseAfter = thenRefuse;
  }

  accept(): void {
    this.#refusing = false;
  }

  stop(): void {
    this.#listener.stop(true);
    for (const client of this.#links.keys()) this.#end(client);
  }

  #connect(client: Socket<unknown>): void {
    if (this.#refusing) {
      client.terminate();
      return;
    }
    const link: Link = { client, early: [], server: null, writes: false, cut: false };
    this.#links.set(client, link);
    Bun.connect({
      hostname: '127.0.0.1',
      port: this.#target,
      socket: {
        open: (server) => {
          if (this.#links.get(client) !== link) {
            server.end();
            return;
          }
          link.server = server;
          for (const bytes of link.early) server.write(bytes);
        },
        data: (_, bytes) => {
          if (!link.cut) client.write(bytes);
          else if (Buffer.from(bytes).includes(COMMIT)) this.#break(client);
        },
        close: () => void client.end(),
        error: () => void client.end(),
      },
    }).catch(() => client.terminate());
  }

  #fromClient(client: Socket<unknown>, bytes: Uint8Array): void {
    const link = this.#links.get(client);
    if (!link) return;
    if (WRITER.test(Buffer.from(bytes).toString('latin1'))) link.writes = true;
    if (link.writes && this.#fate !== 'passes' && Buffer.from(bytes).includes(COMMIT)) {
      const fate = this.#fate;
      this.#fate = 'passes';
      if (fate === 'is lost') {
        this.#break(client);
        return;
      }
      link.cut = true;
    }
    if (link.server) link.server.write(bytes);
    else link.early.push(bytes.slice());
  }

  #break(client: Socket<unknown>): void {
    this.cuts++;
    if (this.#refuseAfter) {
      this.#refusing = true;
      for (const other of this.#links.keys()) this.#end(other);
    }
    this.#end(client);
  }

  #end(client: Socket<unknown>): void {
    const link = this.#links.get(client);
    this.#links.delete(client);
    link?.server?.end();
    client.terminate();
  }
}
