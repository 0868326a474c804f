import { CausalStability } from '../causal-stability.ts';
import { type Dot, dot } from '../dot.ts';
import { ORSet, type ORSetOperation } from '../or-set.ts';
import { timestampOf } from '../timestamp.ts';
import { VersionVector } from '../version-vector.ts';

type Operation = ORSetOperation & { readonly id: Dot };
type Message =
  | { readonly kind: 'operation'; readonly operation: Operation }
  | { readonly kind: 'report'; readonly vector: VersionVector }
  | { readonly kind: 'stable'; readonly vector: VersionVector };

/** A replica of the set, and beside it the plain list of the operations it knows, from which nothing is ever dropped. */
export class SetReplica {
  readonly node: string;
  set = new ORSet();
  known = new Map<Dot, Operation>();
  vector = VersionVector.EMPTY;
  sequence = 0;
  collected = 0;
  live = true;
  /** FIFO in both directions. */
  readonly up: Message[] = [];
  readonly down: Message[] = [];

  constructor(node: string) {
    this.node = node;
  }

  apply(operation: Operation): void {
    this.set.apply(operation);
    this.note(operation);
  }

  note(operation: Operation): void {
    const [node = '', sequence] = operation.id.split(':');
    this.known.set(operation.id, operation);
    this.vector = this.vector.with(node, Number(sequence));
  }

  /** The definition, by the list. */
  expected(): string[] {
    const all = [...this.known.values()];
    const removed = new Set(all.flatMap((found) => (found.op === 'remove' && 'tags' in found ? found.tags : [])));
    const contained = new Set<string>();
    for (const add of all) {
      if (add.op !== 'add' || removed.has(add.tag)) continue;
      const admins = all.filter((other) => other.op === 'remove' && 'admin' in other && other.element === add.element);
      if (admins.every(({ id }) => add.seen?.includes(id))) contained.add(add.element);
    }
    return [...contained].sort();
  }
}

/** A server and its devices over FIFO channels that a test delivers step by step; devices go away and come back. */
export class StarNetwork {
  now = Date.UTC(2026, 10, 21);
  readonly server = new SetReplica('server');
  readonly devices: readonly SetReplica[];
  readonly stability = new CausalStability();

  constructor(devices: number) {
    this.devices = Array.from({ length: devices }, (_, index) => new SetReplica(`d${index}`));
    for (const { node } of [this.server, ...this.devices]) this.stability.report(node, VersionVector.EMPTY);
  }

  change(replica: SetReplica, element: string, kind: 'add' | 'remove' | 'admin'): void {
    replica.sequence += 1;
    const id = dot(replica.node, replica.sequence);
    const removal = { dot: id, at: timestampOf(this.now) };
    const made =
      kind === 'add'
        ? replica.set.add(element, id)
        : replica.set.remove(element, kind === 'admin' ? { ...removal, admin: true } : removal);
    const operation: Operation = { ...made, id };
    replica.note(operation);
    const message: Message = { kind: 'operation', operation };
    if (replica === this.server) this.#broadcast(message, null);
    else replica.up.push(message);
  }

  report(replica: SetReplica): void {
    const message: Message = { kind: 'report', vector: replica.vector };
    if (replica === this.server) this.stability.report(replica.node, replica.vector);
    else if (replica.live) replica.up.push(message);
  }

  announceStable(): void {
    const vector = this.stability.stable();
    this.#collect(this.server, vector);
    this.#broadcast({ kind: 'stable', vector }, null);
  }

  deliverUp(device: SetReplica): void {
    const message = device.live ? device.up.shift() : undefined;
    if (message?.kind === 'report') this.stability.report(device.node, message.vector);
    if (message?.kind !== 'operation') return;
    this.server.apply(message.operation);
    this.#broadcast(message, device);
  }

  deliverDown(device: SetReplica): void {
    const message = device.live ? device.down.shift() : undefined;
    if (message?.kind === 'operation') device.apply(message.operation);
    if (message?.kind === 'stable') this.#collect(device, message.vector);
  }

  /** Something that the replica knows comes a second time; `which`: how far back, from 0 to below 1. */
  repeat(replica: SetReplica, which: number): void {
    const known = [...replica.known.values()];
    const again = known[Math.floor(known.length * which)];
    if (again) replica.apply(again);
  }

  /** Away for longer than anybody waits. */
  retire(device: SetReplica): void {
    if (!device.live) return;
    device.live = false;
    device.down.length = 0;
    this.stability.retire(device.node);
  }

  /** Comes back: a full state, its own unsent operations on top of it, and only then is it live again. */
  comeBack(device: SetReplica): void {
    if (device.live) return;
    const unsent = device.up.filter((message) => message.kind === 'operation');
    device.up.length = 0;
    device.set = ORSet.from(JSON.parse(JSON.stringify(this.server.set.state())));
    device.known = new Map(this.server.known);
    device.vector = this.server.vector;
    device.live = true;
    if (this.stability.report(device.node, device.vector) !== 'ok') throw new Error('the full state was not enough');
    for (const message of unsent) {
      device.apply(message.operation);
      device.up.push(message);
    }
  }

  /** Everybody back, everything delivered. */
  settle(): void {
    for (const device of this.devices) this.comeBack(device);
    this.#drain();
  }

  /** Everybody who is here delivers, reports, and is sent what is stable; collecting is up to further steps. */
  round(): void {
    this.#drain();
    for (const replica of [this.server, ...this.devices]) this.report(replica);
    this.#drain();
    this.announceStable();
  }

  #drain(): void {
    const busy = (device: SetReplica) => device.live && device.up.length + device.down.length > 0;
    while (this.devices.some(busy)) {
      for (const device of this.devices) {
        this.deliverUp(device);
        this.deliverDown(device);
      }
    }
  }

  #broadcast(message: Message, except: SetReplica | null): void {
    for (const device of this.devices) if (device !== except && device.live) device.down.push(message);
  }

  #collect(replica: SetReplica, stable: VersionVector): void {
    replica.collected += replica.set.collect({ stable, now: this.now });
  }
}
