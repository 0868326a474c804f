import type { Envelope, LogName } from '@konferenco/protocol';
import type { Composer } from '../composer.ts';
import type { KonferencoError } from '../errors.ts';
import type { Submission } from '../outbox-entry.ts';
import type { Wire } from '../request.ts';
import type { LocalStore } from '../storage/local-store.ts';
import type { Environment, Receipt } from '../types.ts';
import type { RowWriter } from './scope-rows.ts';
import type { Conflict } from './types.ts';

/** What replicated state needs of the client around it. */
export interface ReplicatedHost {
  readonly me: () => string;
  readonly environment: Environment;
  /** The server's time, as far as known (Unix ms). */
  readonly now: () => number;
  readonly wire: Wire;
  readonly composer: Composer;
  readonly newId: () => string;
  /** `null`: nothing outlives the program. */
  readonly store: LocalStore | null;
  readonly rows: RowWriter;
  readonly outbox: {
    readonly size: number;
    add(submission: Submission): Promise<Receipt>;
    /** Drops an entry that waits; resolves when the device has forgotten it, with false when it is on its way. */
    discard(id: string): Promise<boolean>;
    /** Envelopes that wait, oldest first. */
    waiting(): readonly Envelope[];
  };
  readonly follow: (log: LogName) => void;
  readonly tell: (conflict: Conflict) => void;
  /** What was told or put away is in the store: other programs of this device may read it there. */
  readonly noteConflicts: () => void;
  /** Told to nobody who waits. */
  readonly failed: (error: KonferencoError) => void;
}
