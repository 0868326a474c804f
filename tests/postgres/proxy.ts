import type { Socket } from 'bun';

/** What happens to a COMMIT that passes: nothing, it is lost on its way, or its answer is. */
export type Fate = 'passes' | 'is lost' | 'gets no answer';

/** How the server says that it committed. */
const COMMITTED = 'COMMIT\0';
/** The name that a store's writer connects under. */
const WRITER = /application_name\0konferenco [0-9a-f-]+ w\0/;

interface Link {
  readonly client: Socket<unknown>;
  readonly early: Uint8Array[];
  server: Socket<unknown> | null;
  readonly messages: ClientMessages;
  /** Nothing the server says is passed on any more, and when it says that it committed, the connection breaks. */
  cut: boolean;
}

/** Reads what a client says, message by message, to know when a writer asks for a COMMIT. */
class ClientMessages {
  #rest = Buffer.alloc(0);
  #started = false;
  #writes = false;
  /** Names of prepared statements that say COMMIT. */
  readonly #commits = new Set<string>();

  /** @returns where in `bytes` the message begins that runs a COMMIT; `null`: nowhere */
  findCommit(bytes: Uint8Array): number | null {
    let found: number | null = null;
    const before = this.#rest.length;
    const all = Buffer.concat([this.#rest, bytes]);
    let at = 0;
    for (let end = this.#endOf(all, at); end !== null; end = this.#endOf(all, at)) {
      if (this.#runsCommit(all.subarray(at, end))) found ??= Math.max(0, at - before);
      at = end;
    }
    this.#rest = all.subarray(at);
    return found;
  }

  /** The first message has no letter before its length. */
  #endOf(all: Buffer, at: number): number | null {
    const letter = this.#started ? 1 : 0;
    if (all.length < at + letter + 4) return null;
    const end = at + letter + all.readUInt32BE(at + letter);
    return end <= all.length ? end : null;
  }

  #runsCommit(message: Buffer): boolean {
    if (!this.#started) {
      this.#started = true;
      this.#writes = WRITER.test(message.toString('latin1'));
      return false;
    }
    const kind = String.fromCharCode(message[0] ?? 0);
    const [first = '', second = ''] = message.subarray(5).toString('latin1').split('\0', 2);
    if (kind === 'P' && second === 'COMMIT') this.#commits.add(first);
    return kind === 'B' && this.#writes && this.#commits.has(second);
  }
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
    const link: Link = { client, early: [], server: null, messages: new ClientMessages(), cut: false };
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
          else if (Buffer.from(bytes).includes(COMMITTED)) this.#break(client);
        },
        close: () => void client.end(),
        error: () => void client.end(),
      },
    }).catch(() => client.terminate());
  }

  #fromClient(client: Socket<unknown>, bytes: Uint8Array): void {
    const link = this.#links.get(client);
    if (!link) return;
    const commit = link.messages.findCommit(bytes);
    if (commit !== null && this.#fate !== 'passes') {
      const fate = this.#fate;
      this.#fate = 'passes';
      if (fate === 'is lost') {
        link.server?.write(bytes.slice(0, commit));
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
