import type { Socket } from 'bun';
import { clientFrame, type FrameHandler, FrameReader, OPCODE } from './frame.ts';
import type { Group } from './group.ts';
import { endOfUpgrade, upgradeRequest } from './handshake.ts';

type State = 'upgrading' | 'joining' | 'ready' | 'closing' | 'closed';

/** One for all, so that a frame that many send is made once; servers unmask every frame alike. */
const MASK = 0x9e3779b1;

interface Settle {
  resolve(connection: Connection): void;
  reject(error: Error): void;
}

/** A session to resume, and the position reached in it. */
export interface Session {
  readonly id: string;
  position: string;
}

/** One client: a TCP socket, the WebSocket on it, and what its wire has to remember. */
export class Connection implements FrameHandler {
  readonly group: Group;
  /** Its place in the group. */
  readonly index: number;
  readonly user: string;
  /** Messages delivered to it. */
  received = 0;
  /** Free for the wire: the last inbox position, and how many entries came since one was acknowledged. */
  inbox = 0;
  unacked = 0;
  session: Session | null = null;
  /** When it last sent something, in Unix ms. */
  saidAt = 0;
  onClose: (() => void) | null = null;
  #state: State = 'upgrading';
  #socket: Socket<Connection> | null = null;
  #settle: Settle | null;
  #reader = new FrameReader();
  #head: Buffer | null = null;
  #out: Buffer[] = [];

  constructor(group: Group, index: number, user: string, settle: Settle) {
    this.group = group;
    this.index = index;
    this.user = user;
    this.#settle = settle;
  }

  get isOpen(): boolean {
    return this.#state === 'ready';
  }

  /** Puts a text frame in line; `flush` writes. */
  queue(text: string): void {
    this.#out.push(textFrame(text));
  }

  /** Puts a whole frame in line, which others may send too. */
  queueFrame(frame: Buffer): void {
    this.#out.push(frame);
  }

  /** Writes what is in line, as far as the kernel takes it; the rest follows when it drains. */
  flush(): void {
    const first = this.#out[0];
    if (first === undefined || !this.#socket || this.#state === 'closed') return;
    const bytes = this.#out.length === 1 ? first : Buffer.concat(this.#out);
    this.#out.length = 0;
    this.saidAt = Date.now();
    const written = Math.max(0, this.#socket.write(bytes));
    if (written < bytes.length) this.#out.push(bytes.subarray(written));
  }

  send(text: string): void {
    this.queue(text);
    this.flush();
  }

  /** The wire has joined: the promise of `connect` resolves. */
  ready(): void {
    if (this.#state !== 'joining') return;
    this.#state = 'ready';
    this.#settle?.resolve(this);
    this.#settle = null;
  }

  /** Gives up: the promise of `connect` rejects, or, later, the connection counts as dropped. */
  fail(error: Error): void {
    this.#settle?.reject(error);
    this.#settle = null;
    this.#socket?.terminate();
  }

  /** Says goodbye and lets the server end the connection. */
  close(): void {
    if (this.#state === 'closed' || !this.#socket) return;
    this.#state = 'closing';
    this.#out.push(clientFrame(OPCODE.close, Uint8Array.of(3, 232), MASK));
    this.flush();
  }

  /** Vanishes without a word. */
  terminate(): void {
    this.#state = 'closing';
    this.#socket?.terminate();
  }

  opened(socket: Socket<Connection>, host: string): void {
    this.#socket = socket;
    this.#out.push(
      Buffer.from(upgradeRequest(host, this.group.wire.upgrade(this.user, this.group.ticketOf(this.user)))),
    );
    this.flush();
  }

  data(chunk: Buffer): void {
    try {
      const frames = this.#state === 'upgrading' ? this.#upgrade(chunk) : chunk;
      if (frames) this.#reader.read(frames, this);
    } catch (error) {
      this.group.refused('wire');
      this.fail(error instanceof Error ? error : new Error(String(error)));
    }
    this.flush();
  }

  frame(opcode: number, bytes: Buffer, start: number, end: number): void {
    if (opcode === OPCODE.text) this.group.wire.received(this, bytes, start, end);
    else if (opcode === OPCODE.ping) {
      this.group.counters.heartbeats++;
      this.#out.push(clientFrame(OPCODE.pong, bytes.subarray(start, end), MASK));
    } else if (opcode === OPCODE.close) {
      if (this.#state === 'ready') this.group.refused(`close ${end - start >= 2 ? bytes.readUInt16BE(start) : 1005}`);
      this.#out.push(clientFrame(OPCODE.close, bytes.subarray(start, Math.min(end, start + 2)), MASK));
      this.flush();
      this.#socket?.end();
    }
  }

  closed(): void {
    const wasAsked = this.#state === 'closing';
    this.#state = 'closed';
    if (this.#settle) this.#settle.reject(new Error('closed before it had joined'));
    else if (!wasAsked) this.group.counters.dropped++;
    this.#settle = null;
    this.onClose?.();
  }

  #upgrade(chunk: Buffer): Buffer | null {
    const bytes = this.#head ? Buffer.concat([this.#head, chunk]) : chunk;
    const end = endOfUpgrade(bytes);
    this.#head = end < 0 ? Buffer.from(bytes) : null;
    if (end < 0) return null;
    this.#state = 'joining';
    this.group.wire.opened(this);
    return bytes.subarray(end);
  }
}

/** A text as its frame on the wire. */
export function textFrame(text: string): Buffer {
  return clientFrame(OPCODE.text, text, MASK);
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Addresses of a load process that connects from several. */
const SOURCES = 16;

/** One set of handlers serves every connection; the connection itself is the socket's data. */
export function createConnector({ host, port }: Address, sources?: string) {
  const from = (index: number) =>
    sources === undefined ? {} : { localAddress: `${sources}.${1 + (index % SOURCES)}` };
  const socket = {
    open: (it: Socket<Connection>) => it.data.opened(it, `${host}:${port}`),
    data: (it: Socket<Connection>, chunk: Buffer) => it.data.data(chunk),
    drain: (it: Socket<Connection>) => it.data.flush(),
    close: (it: Socket<Connection>) => it.data.closed(),
    end: (it: Socket<Connection>) => void it.end(),
    error: (it: Socket<Connection>, error: Error) => it.data.fail(error),
    connectError: (it: Socket<Connection>, error: Error) => it.data.fail(error),
  };
  /** Resolves when the wire has joined. @throws {Error} when refused or cut before. */
  return (group: Group, index: number, user: string, session: Session | null = null): Promise<Connection> =>
    new Promise((resolve, reject) => {
      const data = new Connection(group, index, user, { resolve, reject });
      data.session = session;
      Bun.connect<Connection>({ hostname: host, port, data, socket, ...from(index) }).catch(reject);
    });
}
