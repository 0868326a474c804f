import type { TestServer } from '@konferenco/testkit';
import { Peer } from './peer.ts';
import { percentile } from './until.ts';

/** A few people who go on talking while something bad happens to their server. */
export class HonestPeople {
  readonly #peers: readonly Peer[];
  readonly #loops: readonly Promise<void>[];
  readonly failures: unknown[] = [];
  /** Milliseconds from each publish to its reply. */
  readonly roundTrips: number[] = [];
  #talking = true;

  static async arrive(server: TestServer, count: number): Promise<HonestPeople> {
    const names = Array.from({ length: count }, (_, index) => `honest-${index}`);
    return new HonestPeople(await Promise.all(names.map((user) => Peer.connect({ user, port: server.port }))));
  }

  private constructor(peers: readonly Peer[]) {
    this.#peers = peers;
    this.#loops = peers.map((peer) => this.#talk(peer));
  }

  /** Everybody falls silent. Prints the round trips; `failures` must be empty. */
  async leave(): Promise<void> {
    this.#talking = false;
    await Promise.all(this.#loops);
    for (const peer of this.#peers) peer.socket.cut();
    const [p50, p99] = [0.5, 0.99].map((q) => percentile(this.roundTrips, q).toFixed(1));
    console.log(`honest people: ${this.roundTrips.length} publishes, round trip p50 ${p50} ms, p99 ${p99} ms`);
  }

  async #talk(peer: Peer): Promise<void> {
    while (this.#talking) {
      const start = performance.now();
      try {
        await peer.publish({ type: 'channel', id: 'honest-talk' }, 'still here');
        this.roundTrips.push(performance.now() - start);
      } catch (error) {
        this.failures.push(error);
      }
      await Bun.sleep(40);
    }
  }
}
