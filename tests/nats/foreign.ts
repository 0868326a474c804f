/** A client of NATS that is none of ours: speaks the protocol's text by hand, as a stranger might. */
export class ForeignClient {
  readonly #socket: Bun.Socket;
  readonly #heard: { text: string; changed: () => void };

  private constructor(socket: Bun.Socket, heard: { text: string; changed: () => void }) {
    this.#socket = socket;
    this.#heard = heard;
  }

  static async connect(url: string): Promise<ForeignClient> {
    const { hostname, port } = new URL(url);
    const heard = { text: '', changed: () => {} };
    const socket = await Bun.connect({
      hostname,
      port: Number(port),
      socket: {
        data(_, bytes) {
          heard.text += new TextDecoder().decode(bytes);
          heard.changed();
        },
      },
    });
    socket.write('CONNECT {"verbose":false}\r\n');
    return new ForeignClient(socket, heard);
  }

  publish(subject: string, payload: string | Uint8Array, reply = ''): void {
    const bytes = Buffer.from(payload);
    this.#socket.write(
      Buffer.concat([Buffer.from(`PUB ${subject} ${reply} ${bytes.length}\r\n`), bytes, Buffer.from('\r\n')]),
    );
  }

  /** Resolves when the server has read everything before it. */
  async flush(): Promise<void> {
    this.#heard.text = '';
    this.#socket.write('PING\r\n');
    await this.#hears(/PONG\r\n/);
  }

  /** The answer to a request, parsed. */
  async request(subject: string, body: unknown): Promise<Record<string, unknown>> {
    this.#heard.text = '';
    this.#socket.write('SUB foreign.reply 1\r\n');
    this.publish(subject, JSON.stringify(body), 'foreign.reply');
    const [, payload = ''] = await this.#hears(/MSG foreign\.reply 1 \d+\r\n(.*)\r\n/);
    this.#socket.write('UNSUB 1\r\n');
    return JSON.parse(payload) as Record<string, unknown>;
  }

  /** What anybody sends to `subject` while `work` is done. */
  async during(subject: string, work: () => Promise<void>): Promise<string[]> {
    this.#socket.write(`SUB ${subject} 2\r\n`);
    await this.flush();
    this.#heard.text = '';
    await work();
    this.#socket.write('UNSUB 2\r\nPING\r\n');
    await this.#hears(/PONG\r\n/);
    return [...this.#heard.text.matchAll(/MSG \S+ 2 +(?:\S+ +)?\d+\r\n(.*)\r\n/g)].map(([, payload = '']) => payload);
  }

  close(): void {
    this.#socket.end();
  }

  async #hears(expected: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = expected.exec(this.#heard.text);
      if (match) return match;
      await new Promise<void>((resolve) => {
        this.#heard.changed = resolve;
      });
    }
  }
}
