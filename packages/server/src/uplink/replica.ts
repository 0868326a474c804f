import {
  type Bus,
  type Clock,
  type Command,
  type Outcome,
  ReplicaDivergedError,
  type ReplicaStore,
  StoreUnavailableError,
  decodeBusMessage,
} from '@konferenco/core';
import { publishAppended } from '../sync/appended.ts';
import type { BridgedBus } from './bridged-bus.ts';
import type { Stream } from './frames.ts';
import { MIRROR_ROWS, POSITION, type PositionRow } from './journal.ts';

type Committed = Extract<Outcome, { kind: 'committed' }>;

export interface ReplicaOptions {
  readonly store: ReplicaStore;
  /** The bus of this side alone, for entries. */
  readonly inner: Bus;
  readonly bus: BridgedBus;
  readonly clock: Clock;
  readonly position: number;
  /** Told of rows that were changed. */
  readonly onChanges: (changes: NonNullable<Command['changes']>) => void;
  /** The replica is not what the venue has; it stays where it is. */
  readonly onDiverged: (reason: string) => void;
  readonly onFault: (error: unknown) => void;
}

interface Queued {
  readonly stream: Stream;
  readonly epoch: string;
  readonly applied: () => void;
}

/** Pause after the mirror's own store could not write. */
const AGAIN_MS = 1_000;

/** The mirror's copy of the venue's store: applies the journal in order, each entry once, and tells what it has on the bus. */
export class Replica {
  readonly #options: ReplicaOptions;
  #position: number;
  #appliedAt = 0;
  #queue: Queued[] = [];
  #waiters: { readonly position: number; readonly resolve: () => void }[] = [];
  #running: Promise<void> = Promise.resolve();
  #isRunning = false;
  #diverged: string | null = null;
  #cancelPause: () => void = () => {};

  constructor(options: ReplicaOptions) {
    this.#options = options;
    this.#position = options.position;
  }

  /** Last journal entry that is applied. */
  get position(): number {
    return this.#position;
  }

  /** When the newest applied entry was committed at the venue; Unix ms, 0: none yet. */
  get appliedAt(): number {
    return this.#appliedAt;
  }

  /** Why the replica has stopped for good; `null`: it has not. */
  get diverged(): string | null {
    return this.#diverged;
  }

  /** Takes the next stream of a connection. `applied` is called once it is on disk and on the bus. */
  take(stream: Stream, epoch: string, applied: () => void): void {
    if (this.#diverged !== null) return;
    this.#queue.push({ stream, epoch, applied });
    if (!this.#isRunning) this.#running = this.#run();
  }

  /** Forgets what a connection that ended has brought and is not applied; the next one brings it again. */
  forgetQueue(): void {
    this.#queue = [];
    this.#cancelPause();
  }

  /** Resolves when the journal is applied up to `position`; nothing resolves it otherwise. */
  reached(position: number): Promise<void> {
    if (position <= this.#position) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ position, resolve }));
  }

  /** Resolves when nothing is being written any more. */
  async close(): Promise<void> {
    this.forgetQueue();
    await this.#running;
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (let next = this.#queue[0]; next; next = this.#queue[0]) await this.#applyNext(next);
    // In the same turn as the last look at the queue: what comes now starts another run.
    this.#isRunning = false;
  }

  async #applyNext(next: Queued): Promise<void> {
    try {
      await this.#apply(next);
      if (this.#queue[0] === next) this.#queue.shift();
      next.applied();
    } catch (error) {
      if (error instanceof ReplicaDivergedError) return this.#stop(error.message);
      if (!(error instanceof StoreUnavailableError)) this.#options.onFault(error);
      await this.#pause();
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(AGAIN_MS, resolve);
      this.#cancelPause = () => {
        cancel();
        resolve();
      };
    });
  }

  async #apply({ stream, epoch }: Queued): Promise<void> {
    const { bus } = this.#options;
    const skip = Math.max(0, this.#position + 1 - stream.from);
    if (stream.entries.length > skip) await this.#replay(stream, { skip, epoch });
    if (stream.records !== '') for (const record of decodeBusMessage(stream.records).records) bus.receive(record);
  }

  async #replay({ from, entries, heads }: Stream, { skip, epoch }: { readonly skip: number; readonly epoch: string }) {
    if (from + skip !== this.#position + 1)
      throw new ReplicaDivergedError(`the journal jumps from ${this.#position} to ${from}`);
    const { store, inner } = this.#options;
    const commands = entries.slice(skip).map(([at, json]) => ({ at, command: JSON.parse(json) as Command }));
    const offset = this.#position + commands.length;
    const row: PositionRow = { offset, epoch, own: store.epoch };
    const outcomes = await store.replay({
      commands,
      heads,
      changes: [{ collection: MIRROR_ROWS, key: POSITION, value: row }],
    });
    this.#position = offset;
    this.#appliedAt = commands.at(-1)?.at ?? this.#appliedAt;
    commands.forEach(({ command: { appends = [], changes = [] } }, index) => {
      if (changes.length > 0) this.#options.onChanges(changes);
      if (appends.length > 0) publishAppended(inner, appends, outcomes[index] as Committed);
    });
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiters;
    this.#waiters = waiting.filter(({ position }) => position > this.#position);
    for (const { position, resolve } of waiting) if (position <= this.#position) resolve();
  }

  #stop(reason: string): void {
    this.#diverged = reason;
    this.#queue = [];
    this.#options.onDiverged(reason);
  }
}
