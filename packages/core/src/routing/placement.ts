/** A node as far as sharing out connections is concerned. Connections are the unit of all its figures. */
export interface PlaceableNode {
  readonly name: string;
  /** Most it takes, and its weight: a node with twice the capacity gets twice the people. */
  readonly capacity: number;
  /** Open now, as last reported. */
  readonly connections: number;
}

/** Whom to find a node for. */
export interface Visitor {
  readonly user: string;
  /** The event whose people are to be near each other. */
  readonly event?: string | undefined;
  /** Nodes this visitor found out of reach a moment ago. */
  readonly avoid?: readonly string[] | undefined;
}

/** How people are shared out (S3). A node's fair share is the part of all connections that its capacity has of all capacity. */
export const PLACEMENT = {
  /** Part of an event's people who go to the event's node instead of their own. */
  affinity: 0.3,
  /** From this much of its fair share on, the event's node attracts fewer, and none any more at `slack`. */
  ease: 1.1,
  /** A node takes new people up to this much of its fair share; then they go to the next of their order. */
  slack: 1.25,
  /** A fair share counts as at least so many connections: a few people are no imbalance. */
  floor: 80,
} as const;

/** What a node must not exceed to be chosen, from the strictest; the last excludes none. */
const ROUNDS = ['within_share', 'within_capacity', 'not_avoided', 'any'] as const;
type Round = (typeof ROUNDS)[number];

/**
 * Which node a person connects to: weighted rendezvous hashing with bounded loads.
 *
 * Each node draws a time for each key, exponentially distributed with its capacity as the rate, from nothing but the hash
 * of both names; the earliest wins. So a node is chosen in proportion to its capacity, every holder of the same table
 * chooses alike, and when a node comes or goes only the people it wins or had move. Of an event's people the part
 * {@link PLACEMENT.affinity}, drawn by the hash of person and event, use the event's id as key instead of their own. Of a
 * large event fewer do: the draw is held against what the event's node still has room for, so it is the same people who are
 * attracted, in whatever order they come. Choices are advice: every node takes everybody.
 */
export class Placement {
  readonly #names: readonly string[];
  readonly #hashes: Uint32Array;
  readonly #capacities: Float64Array;
  readonly #connections: Float64Array;
  readonly #capacity: number;
  #total: number;

  /** @param nodes those that take people: open and heard of lately. The order does not matter. */
  constructor(nodes: readonly PlaceableNode[]) {
    const takers = nodes.filter(({ capacity }) => capacity > 0).sort((a, b) => (a.name < b.name ? -1 : 1));
    this.#names = takers.map(({ name }) => name);
    this.#hashes = Uint32Array.from(takers, ({ name }) => hashOf(name));
    this.#capacities = Float64Array.from(takers, ({ capacity }) => capacity);
    this.#connections = Float64Array.from(takers, ({ connections }) => connections);
    this.#capacity = this.#capacities.reduce((sum, one) => sum + one, 0);
    this.#total = this.#connections.reduce((sum, one) => sum + one, 0);
  }

  /** The name of the node for a visitor; `null` only when there is none at all. */
  choose({ user, event, avoid = [] }: Visitor): string | null {
    const own = hashOf(user);
    const home = event === undefined ? -1 : this.#homeFor(own, hashOf(event), avoid);
    if (home >= 0) return this.#names[home] ?? null;
    for (const round of ROUNDS) {
      const found = this.#first(own, round, avoid);
      if (found >= 0) return this.#names[found] ?? null;
    }
    return null;
  }

  /** Somebody was sent to a node: counts until its next report tells. */
  sent(name: string): void {
    const node = this.#names.indexOf(name);
    if (node < 0) return;
    this.#connections[node] = (this.#connections[node] ?? 0) + 1;
    this.#total++;
  }

  /** The event's node for those whom it attracts; -1 for the others. */
  #homeFor(user: number, event: number, avoid: readonly string[]): number {
    const draw = mixed(Math.imul(user, 0x85_eb_ca_6b) ^ event) / 0x1_00_00_00_00;
    if (draw >= PLACEMENT.affinity) return -1;
    const home = this.#first(event, 'any', avoid);
    return home >= 0 && draw < this.#pullOf(home) && this.#admits(home, 'within_share', avoid) ? home : -1;
  }

  /** Part of their people whom events attract to a node: the less, the fuller it is. */
  #pullOf(node: number): number {
    const { affinity, ease, slack } = PLACEMENT;
    const load = (this.#connections[node] ?? 0) / this.#fairShareOf(node);
    return affinity * Math.min(1, (slack - load) / (slack - ease));
  }

  #fairShareOf(node: number): number {
    return Math.max(PLACEMENT.floor, ((this.#capacities[node] ?? 0) * (this.#total + 1)) / this.#capacity);
  }

  /** The first of a key's order among the nodes that a round admits; -1: there is none. */
  #first(key: number, round: Round, avoid: readonly string[]): number {
    let best = -1;
    let earliest = Number.POSITIVE_INFINITY;
    for (let node = 0; node < this.#hashes.length; node++) {
      const time = drawOf(key, this.#hashes[node] ?? 0) / (this.#capacities[node] ?? 1);
      if (time < earliest && this.#admits(node, round, avoid)) {
        best = node;
        earliest = time;
      }
    }
    return best;
  }

  #admits(node: number, round: Round, avoid: readonly string[]): boolean {
    if (round === 'any') return true;
    if (avoid.length > 0 && avoid.includes(this.#names[node] ?? '')) return false;
    const connections = this.#connections[node] ?? 0;
    const capacity = this.#capacities[node] ?? 0;
    switch (round) {
      case 'not_avoided':
        return true;
      case 'within_capacity':
        return connections < capacity;
      case 'within_share':
        return connections < Math.min(capacity, PLACEMENT.slack * this.#fairShareOf(node));
    }
  }
}

/** 32 bits of a name, the same on every machine (FNV-1a over its UTF-16 units, mixed). */
export function hashOf(name: string): number {
  let hash = 0x81_1c_9d_c5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01_00_01_93);
  return mixed(hash);
}

/** A draw of the exponential distribution with mean 1. */
function drawOf(key: number, node: number): number {
  return -Math.log((mixed(Math.imul(key, 0x9e_37_79_b1) ^ node) + 0.5) / 0x1_00_00_00_00);
}

/** The finaliser of MurmurHash3: every bit of what goes in changes half the bits of what comes out. */
function mixed(bits: number): number {
  let hash = bits;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85_eb_ca_6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2_b2_ae_35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
