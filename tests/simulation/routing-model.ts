import { decorrelatedJitter, type KnownNode, NODE_TIMES, type NodeReport } from '@konferenco/core';
import { SeededRandom } from '@konferenco/testkit';
import { Places } from '../../packages/server/src/cluster/places.ts';
import { Door } from '../../packages/server/src/gateway/admission.ts';
import { LOOK_MS } from '../../packages/server/src/gateway/ticket-desk.ts';

/** The SDK's pauses between tries (packages/client/src/reconnect.ts), in ms. */
const RECONNECT = { base_ms: 300, cap_ms: 20_000 };
/** There and back between a client and a node, in ms. */
const WAY_MS: readonly [number, number] = [5, 60];

export interface ModelOptions {
  readonly nodes: number;
  /** Most connections of one node. */
  readonly capacity: number;
  readonly rate: { readonly burst: number; readonly per_s: number };
  readonly seed: number;
}

export interface Person {
  readonly user: string;
  readonly event: string;
}

interface ModelNode {
  readonly name: string;
  readonly door: Door;
  /** What this node makes of the reports it hears. */
  readonly places: Places;
  connections: number;
  /** Sockets let in at each ms. */
  readonly admitted: number[];
  report: NodeReport;
  reportedAt: number;
  diedAt: number | null;
}

interface Client extends Person {
  sleep_ms: number;
  /** Nodes it could not reach since it was last connected. */
  tried: string[];
  node: ModelNode | null;
  /** When it came in, ms. */
  since: number;
  tries: number;
}

/** What a storm came to. */
export interface Storm {
  readonly people: number;
  /** Ms after the loss by which half, 99 % and all were back. */
  readonly half_ms: number;
  readonly most_ms: number;
  readonly all_ms: number;
  /** Tries beyond the first that a person needed, on average. */
  readonly retries: number;
  /** Answers "come back later", for tickets and for sockets. */
  readonly refused: number;
  /** Most sockets one node let in within one second. */
  readonly peak_per_s: number;
}

/**
 * Clients and nodes as far as connecting is concerned: the real doors, tables and choices, the SDK's pauses, reports that are up
 * to a second old, and a proxy that hands requests for a ticket to any living node. Time passes in whole milliseconds.
 */
export class RoutingModel {
  readonly nodes: readonly ModelNode[];
  readonly clients: Client[] = [];
  readonly #random: SeededRandom;
  readonly #agenda: Client[][] = [];
  #now = 0;
  #refused = 0;
  #waiting = 0;

  constructor(options: ModelOptions) {
    this.#random = new SeededRandom(options.seed);
    const known = () => this.#known();
    this.nodes = Array.from({ length: options.nodes }, (_, index) => {
      const name = `node-${index}`;
      const door = new Door(options.rate, options.capacity, 0, () => this.#random.next());
      const node = { name, door, places: new Places(known), connections: 0, admitted: [], reportedAt: 0, diedAt: null };
      return { ...node, report: reportOf(name, options.capacity, 0, 0) };
    });
  }

  /** People come one after the other, evenly over a time. */
  arrive(people: readonly Person[], within_ms: number): void {
    for (const [index, person] of people.entries()) {
      const client: Client = { ...person, sleep_ms: 0, tried: [], node: null, since: 0, tries: 0 };
      this.clients.push(client);
      this.#at(this.#now + Math.floor((index * within_ms) / people.length), client);
    }
    this.#run();
  }

  /** Everybody who was connected to these nodes loses them in the same moment, and they are dead. */
  kill(dead: readonly ModelNode[]): Storm {
    const start = this.#now;
    this.#refused = 0;
    const lost = this.clients.filter(({ node }) => node !== null && dead.includes(node));
    for (const node of dead) Object.assign(node, { diedAt: start, connections: 0 });
    for (const client of lost) {
      Object.assign(client, { node: null, sleep_ms: 0, tried: [], tries: 0 });
      this.#comeAgain(client);
    }
    this.#run();
    const times = lost.map(({ since }) => since - start).sort((a, b) => a - b);
    const at = (share: number) => times[Math.ceil(times.length * share) - 1] ?? 0;
    return {
      people: lost.length,
      half_ms: at(0.5),
      most_ms: at(0.99),
      all_ms: at(1),
      retries: lost.reduce((sum, { tries }) => sum + tries - 1, 0) / lost.length,
      refused: this.#refused,
      peak_per_s: Math.max(...this.nodes.map((node) => peakOf(node.admitted, start))),
    };
  }

  get living(): readonly ModelNode[] {
    return this.nodes.filter(({ diedAt }) => diedAt === null);
  }

  #run(): void {
    for (; this.#waiting > 0; this.#now++) {
      for (const [index, node] of this.nodes.entries()) {
        if (node.diedAt === null && this.#now % NODE_TIMES.report_ms === (index * 37) % NODE_TIMES.report_ms)
          this.#report(node);
        // Connecting costs nothing here, so nobody is late.
        if (this.#now % LOOK_MS === 0) node.door.desk.look(0, this.#now);
      }
      const due = this.#agenda[this.#now] ?? [];
      delete this.#agenda[this.#now];
      this.#waiting -= due.length;
      for (const client of due) this.#connect(client);
    }
  }

  #report(node: ModelNode): void {
    const { name, max_connections, seq } = node.report;
    node.report = reportOf(name, max_connections, node.connections, seq + 1);
    node.reportedAt = this.#now;
    for (const { places } of this.nodes) places.changed();
  }

  /** The table of nodes, the same for all: what is on its way on the bus is of no account here. */
  #known(): readonly KnownNode[] {
    return this.nodes
      .filter(({ diedAt, reportedAt }) => diedAt === null || this.#now - reportedAt < NODE_TIMES.gone_ms)
      .map(({ diedAt, report, reportedAt }) => {
        const isSilent = diedAt !== null && this.#now - reportedAt >= NODE_TIMES.suspected_ms;
        return { report, standing: isSilent ? 'suspected' : 'open', heard_at: reportedAt } as const;
      });
  }

  /** One try: a ticket from any living node, then a socket to the node it names. */
  #connect(client: Client): void {
    client.tries++;
    const asked = this.#random.pick(this.living);
    const ticket = asked.door.admitTicket(this.#now);
    if (!ticket.ok) return this.#sendAway(client, ticket.retry_after_ms);
    const { node: name } = asked.places.place({ user: client.user, event: client.event, avoid: client.tried });
    const node = this.nodes.find((one) => one.name === name);
    if (!node || node.diedAt !== null) {
      if (name !== null) client.tried = [...client.tried.slice(-3), name];
      return this.#comeAgain(client);
    }
    // A browser is not told why its socket was refused.
    if (!node.door.admit(node.connections, this.#now, true).ok) {
      this.#refused++;
      client.tried = [...client.tried.slice(-3), node.name];
      return this.#comeAgain(client);
    }
    node.connections++;
    node.door.desk.cameIn();
    node.admitted[this.#now] = (node.admitted[this.#now] ?? 0) + 1;
    Object.assign(client, { node, since: this.#now, tried: [] });
  }

  #sendAway(client: Client, retry_after_ms: number): void {
    this.#refused++;
    client.sleep_ms = decorrelatedJitter(client.sleep_ms, this.#random.next(), RECONNECT);
    this.#later(client, retry_after_ms + Math.round(this.#random.next() * RECONNECT.base_ms));
  }

  #comeAgain(client: Client): void {
    client.sleep_ms = decorrelatedJitter(client.sleep_ms, this.#random.next(), RECONNECT);
    this.#later(client, client.sleep_ms);
  }

  #later(client: Client, ms: number): void {
    this.#at(this.#now + ms + this.#random.int(...WAY_MS), client);
  }

  #at(time: number, client: Client): void {
    this.#waiting++;
    const due = this.#agenda[time];
    if (due) due.push(client);
    else this.#agenda[time] = [client];
  }
}

/** People in events of very different sizes: the largest has two fifths of all. */
export function peopleInEvents(count: number): Person[] {
  const sizes = [0.4, 0.1, 0.1, 0.1, ...Array(10).fill(0.02), ...Array(50).fill(0.002)].map((share) => share * count);
  const people = sizes.flatMap((size, event) =>
    Array.from({ length: Math.round(size) }, (_, index) => ({
      user: `user-${event}-${index}`,
      event: `event-${event}`,
    })),
  );
  // People of one event do not come in a row.
  const random = new SeededRandom(count);
  for (let i = people.length - 1; i > 0; i--) {
    const j = random.int(0, i);
    [people[i], people[j]] = [people[j]!, people[i]!];
  }
  return people;
}

function reportOf(name: string, max_connections: number, connections: number, seq: number): NodeReport {
  return {
    ...{ name, url: null, version: '1', started_at: 0, seq, phase: 'open', max_connections, connections },
    ...{ users: connections, cpu: 0, memory_bytes: 0, memory: 0, p99_ms: null, publish_per_s: 0 },
    ...{ deliver_per_s: 0, commit_queue: 0, drops: 0, faults: 0 },
  };
}

function peakOf(admitted: readonly number[], start: number): number {
  let sum = 0;
  let peak = 0;
  for (let ms = start; ms < admitted.length; ms++) {
    sum += admitted[ms] ?? 0;
    if (ms - 1_000 >= start) sum -= admitted[ms - 1_000] ?? 0;
    peak = Math.max(peak, sum);
  }
  return peak;
}
