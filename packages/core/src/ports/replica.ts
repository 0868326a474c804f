import type { Command, Outcome, Position, RecordKey, Store } from './store.ts';

/** Commands that another store committed, to be applied here as they were there. */
export interface Replay {
  /** In the order of the other store; `at` (Unix ms) never falls. */
  readonly commands: readonly { readonly at: number; readonly command: Command }[];
  /** Where logs stand there after these commands. */
  readonly heads: readonly Position[];
  /** Rows written with them, in the same transaction: how far the replica is. */
  readonly changes: readonly (RecordKey & { readonly value: unknown })[];
}

/** A store that can follow another one. */
export interface ReplicaStore extends Store {
  /**
   * Applies all of it durably, each command at its own time, or nothing.
   *
   * @returns the outcomes of the commands, all `committed`
   * @throws {ReplicaDivergedError} when a command comes to something else here, or a log stands elsewhere afterwards
   * @throws {StoreUnavailableError} when it could not be written
   */
  replay(replay: Replay): Promise<Extract<Outcome, { kind: 'committed' }>[]>;
}

/** The replica is not what it follows: nothing of the call took effect, and no later call can mend it. */
export class ReplicaDivergedError extends Error {
  override readonly name = 'ReplicaDivergedError';
}
