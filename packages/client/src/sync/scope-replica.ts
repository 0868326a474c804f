import { type Envelope, LIMITS, type ReplyOf, type SyncNamespace, type SyncTrigger } from '@konferenco/protocol';
import { Signal } from '../events.ts';
import { changedPending, type Pending, type PendingList, viewOf, withoutPending, withPending } from './pending.ts';
import { ScopeKeeper } from './scope-keeper.ts';
import type { KeptScope, RowWriter, ScopeHead } from './scope-rows.ts';
import {
  connectedTo,
  type Documents,
  EMPTY_SCOPE,
  isBehind,
  positionOf,
  type Reduce,
  type ScopeEntry,
  type ScopeState,
  type ScopeStep,
  takeLive,
  takeOperations,
  takePage,
  withoutSnapshot,
} from './scope-state.ts';

/** What a sync asks, without the frame around it. */
export interface SyncQuestion {
  readonly namespace: SyncNamespace;
  readonly event?: string;
  readonly since_version?: string;
  readonly max_operations: number;
  readonly cursor?: string;
  readonly trigger: SyncTrigger;
}

/** What the server's log brought, before anybody is told that the scope changed. */
export interface Arrival {
  readonly scope: ScopeReplica;
  /** Operations that took effect now, in order. */
  readonly applied: readonly Envelope[];
  /** Own operations that are in the documents, and whose entries did not come: a snapshot had their effects. */
  readonly stored: readonly Envelope[];
  /** What waited here before they came. */
  readonly pending: PendingList;
}

export interface ScopeOptions {
  readonly namespace: SyncNamespace;
  /** Event of `schedule`, person of `personal`. */
  readonly id: string;
  readonly rows: RowWriter;
  readonly reduce: Reduce;
  /** Told of every arrival, in the same go in which it is written. */
  readonly arrived: (arrival: Arrival) => void;
}

/** One scope of replicated state on this device: what the server's log says, and what waits here on top of it. */
export class ScopeReplica {
  readonly namespace: SyncNamespace;
  readonly id: string;
  readonly #options: ScopeOptions;
  readonly #changes = new Signal();
  readonly #keeper: ScopeKeeper;
  #state: ScopeState = EMPTY_SCOPE;
  #pending: PendingList = [];
  #view: Documents | null = null;
  #synced_at: number | null = null;
  #isDamaged = false;
  #isHeld = false;

  constructor(options: ScopeOptions) {
    this.namespace = options.namespace;
    this.id = options.id;
    this.#options = options;
    this.#keeper = new ScopeKeeper({
      scope: this.name,
      rows: options.rows,
      now: () => ({ documents: this.confirmed, head: this.#head() }),
    });
  }

  /** What a person sees. */
  get documents(): Documents {
    this.#view ??= viewOf(this.#state.documents, this.#pending, this.#options.reduce);
    return this.#view;
  }

  /** What the server's log says. */
  get confirmed(): Documents {
    return this.#state.documents;
  }

  /** What a person would see without these operations of their own. */
  documentsWithout(operations: readonly Envelope[]): Documents {
    if (operations.length === 0) return this.documents;
    const rest = withoutPending(this.#pending, new Set(operations.map(({ id }) => id)));
    return viewOf(this.#state.documents, rest, this.#options.reduce);
  }

  get pending(): PendingList {
    return this.#pending;
  }

  /** Something is known: from this device or from the server. */
  get isReady(): boolean {
    return this.#state.version !== '' || this.#state.documents.size > 0;
  }

  /** Live entries wait for what is between. */
  get isBehind(): boolean {
    return isBehind(this.#state);
  }

  get position(): number | null {
    return positionOf(this.#state);
  }

  get version(): string {
    return this.#state.version;
  }

  get synced_at(): number | null {
    return this.#synced_at;
  }

  /** The name its rows go by. */
  get name(): string {
    return `${this.namespace}/${this.id}`;
  }

  subscribe(fn: () => void): () => void {
    return this.#changes.subscribe(fn);
  }

  load(kept: KeptScope): void {
    this.#synced_at = kept.synced_at;
    this.#state = { ...this.#state, documents: kept.documents, version: kept.version };
    const stored = kept.stored.map((envelope): Pending => ({ envelope, offered: true, stored: true }));
    this.#pending = this.#pending.reduce(withPending, stored);
    this.#keeper.loaded(kept.version);
    if (kept.damaged) this.invalidate();
    this.#changed();
  }

  connected(epoch: string): void {
    this.#state = connectedTo(this.#state, epoch);
  }

  live(entries: readonly ScopeEntry[]): void {
    this.#take(takeLive(this.#state, entries, this.#options.reduce));
  }

  /** The trigger of a sync that begins now, when nothing else does. */
  trigger(otherwise: SyncTrigger): SyncTrigger {
    if (this.#isDamaged) return 'cache_invalid';
    if (this.#state.version === '') return 'first_connect';
    return this.position === null ? 'cache_invalid' : otherwise;
  }

  question(trigger: SyncTrigger): SyncQuestion {
    const { namespace, id } = this;
    const { snapshot } = this.#state;
    const knows = this.position !== null;
    return {
      namespace,
      ...(namespace === 'schedule' ? { event: id } : {}),
      ...(snapshot ? { cursor: snapshot.cursor } : knows ? { since_version: this.version } : {}),
      max_operations: LIMITS.sync_operations,
      trigger,
    };
  }

  /** @returns whether to ask on: there is more, or a snapshot is complete and what came since has to follow */
  answer(reply: ReplyOf<'sync'>): boolean {
    const { reduce } = this.#options;
    const version = reply.new_version;
    if (!reply.snapshot) {
      this.#take(takeOperations(this.#state, { operations: reply.operations ?? [], version }, reduce));
      return reply.has_more;
    }
    const { documents, cursor } = reply.snapshot;
    const page = { documents: documents as { key: string; state: Record<string, unknown> }[], version, cursor };
    const step = takePage(this.#state, page, reduce);
    if (cursor === undefined) this.#isDamaged = false;
    this.#take(step);
    return true;
  }

  /** A snapshot was interrupted and cannot be continued. False when there was none. */
  giveUpSnapshot(): boolean {
    const had = this.#state.snapshot !== null;
    this.#state = withoutSnapshot(this.#state);
    return had;
  }

  /** A sync is complete. `seen`: operations stored before it began, whose effects it has brought. */
  synced(at: number, seen: ReadonlySet<string>): void {
    const stored = this.#pending.flatMap(({ envelope }) => (seen.has(envelope.id) ? [envelope] : []));
    this.#synced_at = at;
    this.#pending = withoutPending(this.#pending, seen);
    this.#keeper.settled(seen);
    this.#keeper.write();
    if (stored.length > 0) this.#options.arrived({ scope: this, applied: [], stored, pending: this.#pending });
    this.#changed();
  }

  /** Ids of own operations that the server is known to have. */
  storedIds(): ReadonlySet<string> {
    return new Set(this.#pending.flatMap(({ envelope, stored }) => (stored ? [envelope.id] : [])));
  }

  pend(pending: Pending): void {
    this.#pending = withPending(this.#pending, pending);
    this.#changed();
  }

  /** The operation was written to a connection: from now on the server may have it. */
  offered(id: string): void {
    this.#pending = changedPending(this.#pending, id, (one) => ({ ...one, offered: true }));
  }

  /** The server has it. It stays in sight until its entry comes. */
  stored(id: string): void {
    if (!this.#pending.some(({ envelope }) => envelope.id === id)) return;
    this.#pending = changedPending(this.#pending, id, (one) => ({ ...one, stored: true }));
    this.#keeper.write();
    this.#changed();
  }

  renamed(was: string, envelope: Envelope): void {
    this.#pending = changedPending(this.#pending, was, (one) => ({ ...one, envelope, offered: false }));
  }

  /** Takes an operation back. False when it does not wait here. */
  takeBack(id: string): boolean {
    const rest = withoutPending(this.#pending, new Set([id]));
    if (rest === this.#pending) return false;
    this.#pending = rest;
    this.#changed();
    return true;
  }

  /** Trusts nothing that is here any more: the next sync takes a snapshot. What waits to be sent stays. */
  invalidate(): void {
    this.#isDamaged = true;
    this.#state = { ...withoutSnapshot(this.#state), version: '' };
    this.#keeper.distrust();
    this.#keeper.write();
  }

  /** Tells what `work` changes once, when it is done. */
  together(work: () => void): void {
    this.#isHeld = true;
    try {
      work();
    } finally {
      this.#isHeld = false;
      this.#changed();
    }
  }

  #take({ state, changed, applied }: ScopeStep): void {
    this.#state = state;
    const seen = new Set(applied.map(({ id }) => id));
    const pending = withoutPending(this.#pending, seen);
    const isSame = changed.size === 0 && pending === this.#pending;
    const waited = this.#pending;
    this.#pending = pending;
    this.#view = null;
    this.#keeper.settled(seen);
    // What does not concern the scope only moves its position; a kept one that is a little behind does no harm.
    if (!isSame) this.#keeper.write(changed);
    this.#options.arrived({ scope: this, applied, stored: [], pending: waited });
    if (!isSame) this.#changed();
  }

  #head(): ScopeHead {
    return {
      version: this.#state.version,
      synced_at: this.#synced_at,
      stored: this.#pending.flatMap(({ envelope, stored }) => (stored ? [envelope] : [])),
    };
  }

  #changed(): void {
    this.#view = null;
    if (!this.#isHeld) this.#changes.emit();
  }
}
