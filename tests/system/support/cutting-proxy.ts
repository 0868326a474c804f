import { createServer, connect, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { SeededRandom } from '@konferenco/testkit';

/** How a connection through the proxy ends. `up` is towards the server. */
export type Cut =
  /** Both ends are reset at once. */
  | 'reset'
  /** Half of what comes next in a direction still passes, then both ends are reset: a frame breaks in the middle. */
  | 'torn-up'
  | 'torn-down'
  /** Half-open: one direction goes silent without a word, later both ends are reset. */
  | 'silent-up'
  | 'silent-down'
  /** The client's end is reset at once; the server hears of it later. */
  | 'client-first';

const CUTS: readonly Cut[] = ['reset', 'torn-up', 'torn-down', 'silent-up', 'silent-down', 'client-first'];
/** How long a half-open connection stays so, in milliseconds. */
const SILENCE_MS = [50, 400] as const;

/** A TCP proxy that cuts the connections running through it. */
export class CuttingProxy {
  readonly #server: Server;
  readonly #random: SeededRandom;
  readonly #links = new Set<Link>();
  readonly cuts = new Map<Cut, number>();

  static async start(target: number, random: SeededRandom): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(target, random);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  private constructor(target: number, random: SeededRandom) {
    this.#random = random;
    this.#server = createServer({ noDelay: true }, (client) => {
      const link = new Link(client, connect({ port: target, host: '127.0.0.1', noDelay: true }), () =>
        this.#links.delete(link),
      );
      this.#links.add(link);
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Begins one random cut of one random connection that is whole; false when there is none. */
  cutOne(): boolean {
    const whole = [...this.#links].filter((link) => link.isWhole);
    if (whole.length === 0) return false;
    const cut = this.#random.pick(CUTS);
    this.#random.pick(whole).cut(cut, this.#random.int(...SILENCE_MS));
    this.cuts.set(cut, (this.cuts.get(cut) ?? 0) + 1);
    return true;
  }

  async close(): Promise<void> {
    for (const link of this.#links) link.reset();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** One connection: two pipes whose bytes pass, are torn, or vanish. */
class Link {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #forget: () => void;
  #up: 'pass' | 'tear' | 'drop' = 'pass';
  #down: 'pass' | 'tear' | 'drop' = 'pass';
  isWhole = false;

  constructor(client: Socket, server: Socket, forget: () => void) {
    this.#client = client;
    this.#server = server;
    this.#forget = forget;
    client.on('data', (bytes: Buffer) => this.#pass(this.#up, bytes, server));
    server.on('data', (bytes: Buffer) => {
      this.isWhole = this.#down === 'pass' && this.#up === 'pass';
      this.#pass(this.#down, bytes, client);
    });
    for (const end of [client, server]) {
      // A reset is what this proxy is for; `close` follows.
      end.on('error', () => undefined);
      end.on('close', () => this.reset());
    }
  }

  cut(cut: Cut, silence_ms: number): void {
    this.isWhole = false;
    switch (cut) {
      case 'reset':
        return this.reset();
      case 'torn-up':
        this.#up = 'tear';
        break;
      case 'torn-down':
        this.#down = 'tear';
        break;
      case 'silent-up':
        this.#up = 'drop';
        break;
      case 'silent-down':
        this.#down = 'drop';
        break;
      case 'client-first':
        this.#client.removeAllListeners('close');
        this.#client.resetAndDestroy();
        break;
    }
    // A direction in which nothing comes any more cannot tear.
    setTimeout(() => this.reset(), silence_ms);
  }

  reset(): void {
    this.isWhole = false;
    this.#forget();
    if (!this.#client.destroyed) this.#client.resetAndDestroy();
    if (!this.#server.destroyed) this.#server.resetAndDestroy();
  }

  #pass(mode: 'pass' | 'tear' | 'drop', bytes: Buffer, to: Socket): void {
    if (mode === 'drop' || to.destroyed) return;
    if (mode === 'pass') return void to.write(bytes);
    to.write(bytes.subarray(0, Math.ceil(bytes.length / 2)), () => this.reset());
  }
}
