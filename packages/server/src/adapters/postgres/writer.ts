import { decorrelatedJitter, type Outcome, OutcomeUnknownError, StoreUnavailableError } from '@konferenco/core';
import { Connection } from './connection.ts';
import { asUnavailable, BatchRefusedError, isLoss, isPassing, SessionLostError } from './errors.ts';
import { type Facts, type Plan, planBatch } from './plan.ts';
import type { PreparedCommand } from './prepared.ts';
import { Room } from './room.ts';
import type { Session, SessionOptions } from './session.ts';
import { type Footprint, footprintOf, lockAndRead, write } from './statements.ts';

export interface WriterOptions {
  readonly session: SessionOptions;
  /** Names this writer among all that ever write to the database. */
  readonly writer: string;
  readonly epoch: string;
  /** Unix ms. */
  readonly now: () => number;
  /** Milliseconds after which a batch that could not be written is given up. */
  readonly answerMs: number;
}

const PAUSE = { base_ms: 20, cap_ms: 500 };

/** How one attempt at a batch ended. A loss on the way of its COMMIT leaves open whether it took effect. */
type Attempt =
  | { readonly kind: 'done'; readonly outcomes: readonly Outcome[] }
  | { readonly kind: 'nothing'; readonly reason: unknown }
  | {
      readonly kind: 'unknown';
      readonly batch: number;
      readonly outcomes: readonly Outcome[];
      readonly reason: unknown;
    };

/** A batch whose transaction was begun behind the COMMIT of the one before it. */
interface Ahead {
  readonly commands: readonly PreparedCommand[];
  readonly begun: Begun;
}

interface Begun {
  readonly session: Session;
  readonly batch: number;
  readonly facts: Promise<Facts>;
}

/**
 * Writes batches, one at a time, each in a transaction: first everything a batch touches is locked, in one order that all
 * nodes keep, and read; then its outcomes are decided here, and written. So no command needs a savepoint and no node waits in
 * a circle. The first of these two rounds travels behind the COMMIT of the batch before, on the same connection, so the server
 * goes on without waiting for us; no batch is written before that COMMIT was answered.
 */
export class Writer {
  readonly #options: WriterOptions;
  readonly #connection: Connection;
  readonly #room: Room;
  #ahead: Ahead | null = null;
  #batch = 0;
  #lastAt = 0;
  #down = false;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#room = new Room(options.session.schema);
    this.#connection = new Connection(options.session, (session) => this.#takeOver(session));
  }

  /** Whether the last batch could not reach the server. */
  get isDown(): boolean {
    return this.#down;
  }

  /** Connects. @throws the driver's error */
  async open(): Promise<void> {
    await this.#connection.session();
  }

  /**
   * Whether a server that could not be reached takes writes again, without waiting for somebody to write: nobody does on a node
   * that is left out because it is down.
   * @throws the driver's error, or {@link StoreUnavailableError}, while it does not
   */
  async lookAgain(): Promise<void> {
    if (!this.#down) return;
    const { writer, epoch } = this.#options;
    const session = await this.#connection.session();
    const [row] = await session.query<{ epoch: string }>(
      'UPDATE writers SET seen = now() WHERE writer = $1 RETURNING (SELECT epoch FROM meta) AS epoch',
      [writer],
    );
    this.#check(session, row, epoch);
    this.#down = false;
  }

  close(): void {
    this.#connection.close();
  }

  /**
   * @param upcoming says what will be committed next, and is asked when the outcomes of `commands` are on their way
   * @returns the outcomes in the order of the commands
   * @throws {StoreUnavailableError} when nothing took effect
   * @throws {OutcomeUnknownError} when that could not be learnt in time
   */
  async commit(
    commands: readonly PreparedCommand[],
    upcoming: () => readonly PreparedCommand[] | null,
  ): Promise<readonly Outcome[]> {
    const deadline = performance.now() + (this.#down ? 0 : this.#options.answerMs);
    for (let pause = PAUSE.base_ms; ; pause = await rest(pause)) {
      let attempt = await this.#attempt(commands, upcoming);
      if (attempt.kind !== 'done') await this.#retreat();
      if (attempt.kind === 'unknown') attempt = await this.#learn(attempt);
      if (attempt.kind === 'done') {
        this.#down = false;
        return attempt.outcomes;
      }
      const { reason } = attempt;
      if (!isLoss(reason) && !isPassing(reason)) throw refused(reason);
      if (performance.now() >= deadline) {
        this.#down = isLoss(reason);
        throw asUnavailable(reason);
      }
    }
  }

  async #attempt(
    commands: readonly PreparedCommand[],
    upcoming: () => readonly PreparedCommand[] | null,
  ): Promise<Attempt> {
    let begun: Begun;
    let facts: Facts;
    try {
      begun = await this.#begunFor(commands);
      facts = await begun.facts;
    } catch (reason) {
      return { kind: 'nothing', reason };
    }
    const { session, batch } = begun;
    const { outcomes, writes } = this.#plan(session, commands, facts);
    const written = write(session, writes).catch((error: unknown) => error);
    const committed = session.query('COMMIT');
    this.#goAhead(session, upcoming());
    try {
      const { command } = await committed;
      const refusal = await written;
      return command === 'COMMIT' ? { kind: 'done', outcomes } : { kind: 'nothing', reason: this.#forget(refusal) };
    } catch (reason) {
      await written;
      return isLoss(reason) ? { kind: 'unknown', batch, outcomes, reason } : { kind: 'nothing', reason };
    }
  }

  async #begunFor(commands: readonly PreparedCommand[]): Promise<Begun> {
    if (this.#ahead?.commands === commands) {
      const { begun } = this.#ahead;
      this.#ahead = null;
      return begun;
    }
    await this.#retreat();
    const footprint = footprintOf(commands);
    const session = await this.#connection.session();
    await this.#room.make(session, footprint);
    return this.#begin(session, footprint);
  }

  /** Begins the next batch behind the COMMIT that is under way, unless room has to be made for it first. */
  #goAhead(session: Session, commands: readonly PreparedCommand[] | null): void {
    if (!commands) return;
    const footprint = footprintOf(commands);
    if (!this.#room.isThere(footprint)) return;
    this.#ahead = { commands, begun: this.#begin(session, footprint) };
    this.#ahead.begun.facts.catch(() => undefined);
  }

  /** Ends the transaction that was begun ahead: what comes before it is to be tried again, or given up. */
  async #retreat(): Promise<void> {
    const begun = this.#ahead?.begun;
    this.#ahead = null;
    if (!begun) return;
    const open = await begun.facts.then(
      () => true,
      () => false,
    );
    if (open && !begun.session.lost.aborted) await begun.session.query('ROLLBACK').catch(() => begun.session.destroy());
  }

  /** A mistake in here must not leave the transaction open, with all it has locked. */
  #plan(session: Session, commands: readonly PreparedCommand[], facts: Facts): Plan {
    try {
      let at = Math.max(this.#lastAt, Math.floor(this.#options.now()));
      for (const log of facts.logs.values()) at = Math.max(at, log.at);
      this.#lastAt = at;
      return planBatch(commands, facts, at);
    } catch (error) {
      session.destroy();
      throw error;
    }
  }

  /** Locks what the batch touches. The row of this writer comes first: whoever holds it knows how the last batch ended. */
  #begin(session: Session, footprint: Footprint): Begun {
    const batch = ++this.#batch;
    return { session, batch, facts: this.#lockAndRead(session, footprint, batch) };
  }

  async #lockAndRead(session: Session, footprint: Footprint, batch: number): Promise<Facts> {
    const { writer, epoch, session: place } = this.#options;
    const begun = session.query('BEGIN ISOLATION LEVEL READ COMMITTED');
    const noted = session.query<{ epoch: string }>(
      'UPDATE writers SET batch = $2::bigint, seen = now() WHERE writer = $1 RETURNING (SELECT epoch FROM meta) AS epoch',
      [writer, batch],
    );
    const reading = lockAndRead(session, place.schema, footprint);
    const [started, note, facts] = await Promise.allSettled([begun, noted, reading]);
    const failed = [started, note, facts].find((part) => part.status === 'rejected');
    try {
      if (failed) throw failed.reason;
      if (note.status === 'fulfilled') this.#check(session, note.value[0], epoch);
      if (facts.status === 'fulfilled') {
        if (facts.value.logs.size < footprint.logs.length) throw this.#missingLogs();
        return facts.value;
      }
      throw new Error('a batch was neither read nor refused');
    } catch (error) {
      if (!session.lost.aborted) await session.query('ROLLBACK').catch(() => session.destroy());
      throw error;
    }
  }

  #check(session: Session, row: { readonly epoch: string } | undefined, epoch: string): void {
    if (!row) {
      session.destroy();
      throw new SessionLostError('the row of this writer is gone; a new connection makes it again');
    }
    if (row.epoch === epoch) return;
    this.#down = true;
    throw new StoreUnavailableError('the database was given a new epoch; start this node again');
  }

  /** A new session: ends what a former one may have left running, and makes sure of this writer's row. */
  async #takeOver(session: Session): Promise<void> {
    const { writer, session: place } = this.#options;
    await session.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND pid <> pg_backend_pid()',
      [place.name],
    );
    await session.query('INSERT INTO writers VALUES($1, 0, now()) ON CONFLICT(writer) DO NOTHING', [writer]);
    await this.#room.look(session);
  }

  /**
   * Whether a batch took effect whose COMMIT got no answer. Its transaction held this writer's row before it could commit, so
   * whoever gets that row sees how it ended; and because this update is committed after it, a replica has both or neither.
   */
  async #learn(attempt: Attempt & { readonly kind: 'unknown' }): Promise<Attempt> {
    const deadline = performance.now() + this.#options.answerMs;
    for (let pause = PAUSE.base_ms; ; pause = await rest(pause)) {
      try {
        const session = await this.#connection.session();
        const [row] = await session.query<{ batch: number }>(
          'UPDATE writers SET seen = now() WHERE writer = $1 RETURNING batch::float8',
          [this.#options.writer],
        );
        return row?.batch === attempt.batch
          ? { kind: 'done', outcomes: attempt.outcomes }
          : { kind: 'nothing', reason: attempt.reason };
      } catch (cause) {
        if (performance.now() < deadline && (isLoss(cause) || isPassing(cause))) continue;
        this.#down = true;
        throw new OutcomeUnknownError(
          'PostgreSQL was lost while it committed and did not come back in time; offer the same commands again with the same ids',
          { cause },
        );
      }
    }
  }

  #forget(refusal: unknown): unknown {
    this.#room.forget();
    return refusal;
  }

  #missingLogs(): Error {
    this.#room.forget();
    return new StoreUnavailableError('logs that were there are gone from the database');
  }
}

/** Something in the batch, or in the database, that trying again will not mend. */
function refused(reason: unknown): StoreUnavailableError {
  if (reason instanceof StoreUnavailableError) return reason;
  return new BatchRefusedError(reason instanceof Error ? reason.message : String(reason), { cause: reason });
}

/** Waits with decorrelated jitter. @returns the pause, from which the next is made */
async function rest(pause: number): Promise<number> {
  const next = decorrelatedJitter(pause, Math.random(), PAUSE);
  await Bun.sleep(next);
  return next;
}
