/** A heartbeat that disagrees by more than this means that the device's clock was set, not that the network was slow. */
const STEP_MS = 5_000;

/** The server's time, by the device's clock and what the server last said. For display and ids; nothing is decided by it. */
export class ServerClock {
  readonly #device: () => number;
  #ahead_ms = 0;

  constructor(device: () => number) {
    this.#device = device;
  }

  /** Unix milliseconds. */
  readonly now = (): number => this.#device() + this.#ahead_ms;

  /** The answer to a question asked at `askedAt` (device time): the server's clock was read about half-way. */
  answered(server_time: number, askedAt: number): void {
    this.#ahead_ms = Math.round(server_time - (askedAt + this.#device()) / 2);
  }

  /** Something the server said by itself, of unknown age. */
  told(server_time: number): void {
    if (Math.abs(server_time - this.now()) > STEP_MS) this.#ahead_ms = server_time - this.#device();
  }
}
