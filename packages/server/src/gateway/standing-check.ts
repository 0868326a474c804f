import { type Clock, StoreUnavailableError } from '@konferenco/core';
import type { CloseName, LogName } from '@konferenco/protocol';
import type { Connection } from './connection.ts';

export interface StandingCheckDeps {
  readonly clock: Clock;
  readonly connections: () => Iterable<Connection>;
  /** Whether a sign-in has ended. */
  readonly isEnded: (session: string) => Promise<boolean>;
  /** Whether every event that somebody belongs to has banned them. */
  readonly isShutOut: (user: string) => Promise<boolean>;
  readonly mayRead: (user: string, log: LogName) => Promise<boolean>;
  readonly end: (connection: Connection, why: CloseName) => void;
  readonly unhear: (connection: Connection, log: LogName) => void;
  readonly onFault: (error: unknown) => void;
}

/** Connections looked at at once, and the pause after them: 20,000 take 20 s, and the store some 3,000 reads a second. */
const BATCH = 50;
const PAUSE_MS = 50;
/** Pause before a batch that the store could not answer for is asked about again. */
const AGAIN_MS = 1_000;

/**
 * Looks at every connection once more after the bus was away, when revocations, bans and changes of membership may have
 * been told to nobody here.
 */
export class StandingCheck {
  readonly #deps: StandingCheckDeps;
  #cancel: () => void = () => {};
  #closed = false;
  /** Counts rounds: a newer one takes over from one that is still under way. */
  #round = 0;

  constructor(deps: StandingCheckDeps) {
    this.#deps = deps;
  }

  /** Begins a round, anew when one is under way. */
  begin(): void {
    if (this.#closed) return;
    this.#cancel();
    const round = ++this.#round;
    void this.#go([...this.#deps.connections()], 0, round);
  }

  close(): void {
    this.#closed = true;
    this.#round++;
    this.#cancel();
  }

  async #go(all: readonly Connection[], from: number, round: number): Promise<void> {
    const batch = all.slice(from, from + BATCH);
    const done = await Promise.all(batch.map((connection) => this.#check(connection))).then(
      () => true,
      (error: unknown) => {
        if (!(error instanceof StoreUnavailableError)) this.#deps.onFault(error);
        return !(error instanceof StoreUnavailableError);
      },
    );
    const next = done ? from + BATCH : from;
    if (round !== this.#round || next >= all.length) return;
    this.#cancel = this.#deps.clock.after(done ? PAUSE_MS : AGAIN_MS, () => void this.#go(all, next, round));
  }

  async #check(connection: Connection): Promise<void> {
    if (connection.phase !== 'ready') return;
    const { isEnded, isShutOut, mayRead, end, unhear } = this.#deps;
    const { session } = connection.identity;
    if (session !== '' && (await isEnded(session))) return end(connection, 'token_revoked');
    if (await isShutOut(connection.user)) return end(connection, 'banned');
    for (const log of [...connection.logs]) if (!(await mayRead(connection.user, log))) unhear(connection, log);
  }
}
