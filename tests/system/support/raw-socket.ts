import { connect, type Socket } from 'node:net';
import { SUBPROTOCOL } from '@konferenco/protocol';
import { encodeFrame, type FrameFields, FrameReader, OPCODE } from './frame-codec.ts';

export interface UpgradeRequest {
  readonly port: number;
  /** Path and query. */
  readonly path: string;
  /** `null` offers none. */
  readonly protocol?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A refused or accepted upgrade, as it was answered. */
export interface UpgradeAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** How a connection ended: with a close frame's code, or `null` when it was cut without one. */
export interface Ended {
  readonly code: number | null;
  readonly reason: string;
}

/** A WebSocket over plain TCP that can do everything a client must not. */
export class RawSocket {
  readonly tcp: Socket;
  /** Settles with the answer to the upgrade; rejects when the connection ends before it. */
  readonly answered: Promise<UpgradeAnswer>;
  readonly ended: Promise<Ended>;
  /** Text messages of the server. Replace it to listen; until then they gather in `texts`. */
  onText: (text: string) => void;
  readonly texts: string[] = [];
  isOpen = false;
  #head: Buffer = Buffer.alloc(0);
  #answer: PromiseWithResolvers<UpgradeAnswer> | null;
  #close: Ended = { code: null, reason: '' };
  readonly #reader = new FrameReader();

  /** Connects without sending anything, or takes over a connection. */
  constructor(to: number | Socket) {
    this.onText = (text) => this.texts.push(text);
    this.#answer = Promise.withResolvers();
    this.answered = this.#answer.promise;
    this.answered.catch(() => undefined);
    this.tcp = typeof to === 'number' ? connect({ port: to, host: '127.0.0.1', noDelay: true }) : to;
    this.tcp.on('data', (bytes: Buffer) => this.#received(bytes));
    // A reset is one of the ways to be cut; `close` follows.
    this.tcp.on('error', () => undefined);
    this.ended = new Promise((resolve) => {
      this.tcp.on('close', () => {
        this.isOpen = false;
        this.#answer?.reject(new Error('the connection ended before the upgrade was answered'));
        this.#answer = null;
        resolve(this.#close);
      });
    });
  }

  /** Connects, asks for the upgrade and waits for its answer. */
  static async open(request: UpgradeRequest): Promise<RawSocket> {
    const socket = new RawSocket(request.port);
    socket.write(upgradeText(request));
    await socket.answered;
    return socket;
  }

  write(bytes: string | Uint8Array): void {
    if (!this.tcp.destroyed) this.tcp.write(bytes);
  }

  send(payload: string | Uint8Array, fields?: FrameFields): void {
    this.write(encodeFrame(payload, fields));
  }

  /** Ends the connection without a close frame. */
  cut(): void {
    this.tcp.destroy();
  }

  /** Closes in good order. */
  close(code = 1000): Promise<Ended> {
    this.send(Buffer.of(code >> 8, code & 0xff), { opcode: OPCODE.close });
    return this.ended;
  }

  #received(bytes: Buffer): void {
    if (!this.#answer) return this.#frames(bytes);
    this.#head = Buffer.concat([this.#head, bytes]);
    const end = this.#head.indexOf('\r\n\r\n');
    if (end < 0) return;
    const [line = '', ...lines] = this.#head.subarray(0, end).toString('latin1').split('\r\n');
    const headers = new Map(lines.map((text) => splitHeader(text)));
    const rest = this.#head.subarray(end + 4);
    const status = Number(line.split(' ')[1]);
    if (status !== 101 && rest.length < Number(headers.get('content-length') ?? 0)) return;
    this.isOpen = status === 101;
    this.#answer.resolve({ status, headers, body: this.isOpen ? '' : rest.toString() });
    this.#answer = null;
    if (this.isOpen && rest.length > 0) this.#frames(rest);
  }

  #frames(bytes: Buffer): void {
    for (const { opcode, payload } of this.#reader.push(bytes)) {
      if (opcode === OPCODE.text) this.onText(payload.toString());
      else if (opcode === OPCODE.ping) this.send(payload, { opcode: OPCODE.pong });
      else if (opcode === OPCODE.close) {
        this.#close = {
          code: payload.length >= 2 ? payload.readUInt16BE(0) : 1005,
          reason: payload.subarray(2).toString(),
        };
        this.tcp.end();
      }
    }
  }
}

/** The request that asks for the upgrade. */
export function upgradeText({ path, port, protocol = SUBPROTOCOL, headers = {} }: UpgradeRequest): string {
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ...(protocol === null ? [] : [`Sec-WebSocket-Protocol: ${protocol}`]),
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function splitHeader(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}
