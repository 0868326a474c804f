import { type Address, type Connection, createConnector } from './connection.ts';
import type { Group } from './group.ts';
import { Histogram, type Summary } from './histogram.ts';

export interface OpenPlan {
  readonly count: number;
  /** Handshakes under way at once, at the most; fewer when a second brings fewer, so that none waits long in line. */
  readonly concurrency: number;
  /** Connections begun per second; absent: as fast as `concurrency` allows. */
  readonly rate?: number;
  /** Users are this, followed by a number. */
  readonly prefix: string;
  /** Added to that number, where several load processes open parts of one crowd. */
  readonly from?: number;
  /**
   * First three bytes of the loopback addresses to connect from, in turn, instead of one: an address has ports for 28,000
   * connections to the same place, and finding a free one takes long when half of them are taken.
   */
  readonly sources?: string;
}

export interface Opened {
  readonly opened: number;
  readonly failed: number;
  /** The first few reasons of failure. */
  readonly reasons: readonly string[];
  readonly ms: number;
  /** From the begin of a connection (its planned one, when a rate is given) until it had joined. */
  readonly latency: Summary;
}

export interface TicketPlan {
  readonly count: number;
  /** Requests under way at once. */
  readonly concurrency: number;
  readonly prefix: string;
}

/** Fetches a ticket for each user of a group that is about to open. @throws {Error} when one is refused. */
export async function fetchTickets(group: Group, { host, port }: Address, plan: TicketPlan): Promise<void> {
  let next = 0;
  const fetchSome = async () => {
    while (next < plan.count) {
      const user = `${plan.prefix}${next++}`;
      const headers = { authorization: `Bearer ${user}` };
      const response = await fetch(`http://${host}:${port}/api/connect`, { method: 'POST', headers });
      if (!response.ok) throw new Error(`no ticket for ${user}: ${response.status}`);
      group.tickets.set(user, ((await response.json()) as { ticket: string }).ticket);
    }
  };
  await Promise.all(Array.from({ length: plan.concurrency }, fetchSome));
}

const GIVE_UP_MS = 60_000;
/** Handshakes under way at once however slow they are. */
const LEAST_ROOM = 16;

/** Opens connections into `group`, in the order of their index, and resolves when each has joined or failed. @throws {Error} after 60 s of no progress. */
export function openConnections(group: Group, address: Address, plan: OpenPlan): Promise<Opened> {
  const connect = createConnector(address, plan.sources);
  const latency = new Histogram();
  const reasons = new Set<string>();
  const first = group.connections.length;
  const start = performance.now();
  let begun = 0;
  let failed = 0;
  return new Promise((resolve, reject) => {
    const watch = watchProgress(() => latency.count + failed, reject);
    const room = new Room(plan.concurrency, start);
    const done = () => {
      watch.stop();
      group.connections.sort((a, b) => a.index - b.index);
      resolve({
        opened: latency.count,
        failed,
        reasons: [...reasons].slice(0, 3),
        ms: performance.now() - start,
        latency: latency.summary(),
      });
    };
    const settled = () => (latency.count + failed === plan.count ? done() : fill());
    const begin = (at: number) => {
      const index = first + begun++;
      connect(group, index, `${plan.prefix}${(plan.from ?? 0) + index}`).then(
        (connection: Connection) => {
          group.connections.push(connection);
          latency.record(performance.now() - at);
          settled();
        },
        (error: Error) => {
          failed++;
          reasons.add(error.message);
          settled();
        },
      );
    };
    const fill = () => {
      const now = performance.now();
      const most = room.at(now, latency.count + failed);
      while (begun < plan.count && begun - latency.count - failed < most) {
        const at = plan.rate === undefined ? now : start + (begun * 1000) / plan.rate;
        if (at > now) return void setTimeout(fill, at - now);
        begin(at);
      }
    };
    if (plan.count === 0) done();
    else fill();
  });
}

/** How many handshakes may be under way: what came of them in the last second and a quarter of it more, which lets it grow. */
class Room {
  readonly #most: number;
  #since: number;
  #settled = 0;
  #room: number;

  constructor(most: number, now: number) {
    this.#most = most;
    this.#since = now;
    this.#room = most;
  }

  /** @param settled handshakes that have ended by now, of all */
  at(now: number, settled: number): number {
    const seconds = (now - this.#since) / 1000;
    if (seconds < 1) return this.#room;
    const brought = Math.ceil((1.25 * (settled - this.#settled)) / seconds);
    this.#room = Math.min(this.#most, Math.max(LEAST_ROOM, brought));
    this.#since = now;
    this.#settled = settled;
    return this.#room;
  }
}

function watchProgress(progress: () => number, reject: (error: Error) => void): { stop(): void } {
  let last = -1;
  const timer = setInterval(() => {
    const now = progress();
    if (now === last) reject(new Error(`no connection was made for ${GIVE_UP_MS / 1000} s (${now} so far)`));
    last = now;
  }, GIVE_UP_MS);
  return { stop: () => clearInterval(timer) };
}

export type Farewell = 'clean' | 'cut';

/** Ends all of a group's connections, cleanly or without a word, and resolves when the last is gone. */
export async function closeConnections(group: Group, farewell: Farewell): Promise<void> {
  const open = group.connections.filter((connection) => connection.isOpen);
  const gone = open.map((connection) => new Promise<void>((resolve) => (connection.onClose = resolve)));
  for (const connection of open) {
    if (farewell === 'clean') connection.close();
    else connection.terminate();
  }
  await Promise.all(gone);
  group.connections.length = 0;
}
