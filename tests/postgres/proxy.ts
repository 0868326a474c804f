import type { Socket } from 'bun';

/** What happens to a COMMIT that passes: nothing, it is lost on its way, or its answer is. */
export type Fate = 'passes' | 'is lost' | 'gets no answer';

/** How the server says what became of a COMMIT. */
const ENDED = /COMMIT\0|ROLLBACK\0/g;
/** Of a piece of what the server says, what may be the beginning of that. */
const TAIL = 8;
/** The name that a store's writer connects under. */
const WRITER = /application_name\0konferenco [0-9a-f-]+ w\0/;

interface Link {
  readonly client: Socket<unknown>;
  /** For the server: kept until it is connected and takes them. */
  readonly held: Buffer[];
  server: Socket<unknown> | null;
  readonly messages: ClientMessages;
  /** COMMITs of its writer that went to the server, and answers to them that came from there. */
  asked: number;
  answered: number;
  tail: string;
  /** Nothing the server says is passed on any more, and with this answer of its the connection breaks; `null`: all passes. */
  cutAt: number | null;
}

/** Reads what a client says, message by message, to know when a writer asks for a COMMIT. */
class ClientMessages {
  #rest = Buffer.alloc(0);
  #started = false;
  #writes = false;
  /** Names of prepared statements that say COMMIT. */
  readonly #commits = new Set<string>();

  /** @returns where in `bytes` the messages begin that run a COMMIT */
  findCommits(bytes: Uint8Array): number[] {
    const found: number[] = [];
    const before = this.#rest.length;
    const all = Buffer.concat([this.#rest, bytes]);
    let at = 0;
    for (let end = this.#endOf(all, at); end !== null; end = this.#endOf(all, at)) {
      if (this.#runsCommit(all.subarray(at, end))) found.push(Math.max(0, at - before));
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

/** Stands between a store and its server and breaks the connection of its writer when a COMMIT comes. */
export class CuttingProxy {
  readonly #listener: Bun.TCPSocketListener<unknown>;
  readonly #target: number;
  readonly #links = new Map<Socket<unknown>, Link>();
  #fate: Fate = 'passes';
  /** COMMITs that pass before the one that has that fate. */
  #before = 0;
  #refusing = false;
  #refuseAfter = false;
  /** Connections broken on the way of a COMMIT. */
  cuts = 0;
  /** The most COMMITs that were under way at once. */
  most = 0;

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

  /** Says what becomes of a COMMIT, the next one after `before` others, and whether connections are refused from then on. */
  next(fate: Fate, { before = 0, thenRefuse = false } = {}): void {
    this.#fate = fate;
    this.#before = before;
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
    const counts = { asked: 0, answered: 0, tail: '', cutAt: null };
    const link: Link = { client, held: [], server: null, messages: new ClientMessages(), ...counts };
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
          pass(link);
        },
        drain: () => pass(link),
        data: (_, bytes) => this.#fromServer(link, bytes),
        close: () => void client.end(),
        error: () => void client.end(),
      },
    }).catch(() => client.terminate());
  }

  #fromClient(client: Socket<unknown>, bytes: Uint8Array): void {
    const link = this.#links.get(client);
    if (!link) return;
    for (const commit of link.messages.findCommits(bytes)) {
      const fate = this.#before-- > 0 ? 'passes' : this.#fate;
      if (fate !== 'passes') this.#fate = 'passes';
      if (fate === 'is lost') {
        link.held.push(Buffer.from(bytes.slice(0, commit)));
        pass(link);
        this.#break(client);
        return;
      }
      link.asked++;
      this.most = Math.max(this.most, link.asked - link.answered);
      if (fate === 'gets no answer') link.cutAt = link.asked;
    }
    link.held.push(Buffer.from(bytes));
    pass(link);
  }

  #fromServer(link: Link, bytes: Uint8Array): void {
    if (link.cutAt === null) link.client.write(bytes);
    if (link.asked === link.answered) return;
    const said = link.tail + Buffer.from(bytes).toString('latin1');
    link.answered += said.match(ENDED)?.length ?? 0;
    link.tail = said.slice(-TAIL).replace(ENDED, '');
    if (link.cutAt !== null && link.answered >= link.cutAt) this.#break(link.client);
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

/** Hands the server what it takes. */
function pass({ server, held }: Link): void {
  while (server && held[0]) {
    const written = Math.max(0, server.write(held[0]));
    if (written < held[0].length) {
      held[0] = held[0].subarray(written);
      return;
    }
    held.shift();
  }
}
