import { decorrelatedJitter, type Outcome, OutcomeUnknownError, StoreUnavailableError } from '@konferenco/core';
import { NO_WRITER, OBSTACLE, OTHER_EPOCH } from './append-function.ts';
import { type Attempt, settled } from './attempt.ts';
import { Connection } from './connection.ts';
import { asUnavailable, BatchRefusedError, isLoss, isPassing, SessionLostError, sqlState } from './errors.ts';
import { type Facts, type Plan, planBatch } from './plan.ts';
import type { PreparedCommand } from './prepared.ts';
import { Room } from './room.ts';
import type { Session, SessionOptions } from './session.ts';
import { type Footprint, footprintOf, lockAndRead, write } from './statements.ts';
import { recallStraight, type StraightBatch, straightBatch, writeStraight } from './straight.ts';

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

/**
 * Writes batches, one at a time, each in a transaction that locks what it touches in one order that all nodes keep, so no node
 * waits in a circle. A batch of appends goes straight: the server does all of it in one call, with nothing locked while
 * messages travel or this node is busy. Any other batch takes two rounds: it is locked and read, then its outcomes are decided
 * here, and written; so no command needs a savepoint.
 */
export class Writer {
  readonly #options: WriterOptions;
  readonly #connection: Connection;
  readonly #room: Room;
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
   * @returns the outcomes in the order of the commands
   * @throws {StoreUnavailableError} when nothing took effect
   * @throws {OutcomeUnknownError} when that could not be learnt in time
   */
  async commit(commands: readonly PreparedCommand[]): Promise<readonly Outcome[]> {
    const deadline = performance.now() + (this.#down ? 0 : this.#options.answerMs);
    let straight = straightBatch(commands);
    for (let pause = PAUSE.base_ms; ; pause = await rest(pause)) {
      let attempt = await (straight ? this.#writeStraight(straight) : this.#writeDecided(commands));
      if (attempt.kind === 'nothing' && straight && isObstacle(attempt.reason)) {
        straight = null;
        attempt = await this.#writeDecided(commands);
      }
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

  /** One round. What stands in its way, such as an id that is stored already, is left to the other way to decide. */
  async #writeStraight(straight: StraightBatch): Promise<Attempt> {
    const session = await this.#ready(straight).catch((error: unknown) => ({ reason: error }));
    if ('reason' in session) return { kind: 'nothing', reason: session.reason };
    const { writer, epoch } = this.#options;
    const batch = ++this.#batch;
    const begun = session.query('BEGIN');
    const writing = writeStraight(session, { writer, epoch, batch, now: this.#now() }, straight);
    const [, written, commit] = await Promise.allSettled([begun, writing, session.query('COMMIT')]);
    if (written.status === 'rejected') {
      const { reason } = written;
      if (!isLoss(reason)) return { kind: 'nothing', reason: this.#refusal(session, reason) };
      return { kind: 'unknown', reason, batch, outcomes: (later) => recallStraight(later, straight) };
    }
    const { at, heads } = written.value;
    this.#lastAt = at;
    return settled(commit, { batch, outcomes: () => straight.outcomes(at, heads) });
  }

  /** Two rounds: locked and read, then decided and written. */
  async #writeDecided(commands: readonly PreparedCommand[]): Promise<Attempt> {
    const batch = ++this.#batch;
    const footprint = footprintOf(commands);
    let session: Session;
    let facts: Facts;
    try {
      session = await this.#ready(footprint);
      facts = await this.#lockAndRead(session, footprint, batch);
    } catch (reason) {
      return { kind: 'nothing', reason };
    }
    const { outcomes, writes } = this.#plan(session, commands, facts);
    const [written, commit] = await Promise.allSettled([write(session, writes), session.query('COMMIT')]);
    if (written.status === 'rejected' && !isLoss(written.reason)) {
      return { kind: 'nothing', reason: this.#refusal(session, written.reason) };
    }
    return settled(commit, { batch, outcomes: () => outcomes });
  }

  /** A connection, and everything a batch needs that is made but once. */
  async #ready(needs: Pick<Footprint, 'logs' | 'ids'>): Promise<Session> {
    const session = await this.#connection.session();
    await this.#room.make(session, needs);
    return session;
  }

  #now(): number {
    return Math.max(this.#lastAt, Math.floor(this.#options.now()));
  }

  /** A mistake in here must not leave the transaction open, with all it has locked. */
  #plan(session: Session, commands: readonly PreparedCommand[], facts: Facts): Plan {
    try {
      let at = this.#now();
      for (const log of facts.logs.values()) at = Math.max(at, log.at);
      this.#lastAt = at;
      return planBatch(commands, facts, at);
    } catch (error) {
      session.destroy();
      throw error;
    }
  }

  /** Locks what the batch touches. The row of this writer comes first: whoever holds it knows how the last batch ended. */
  async #lockAndRead(session: Session, footprint: Footprint, batch: number): Promise<Facts> {
    const { writer, epoch, session: place } = this.#options;
    const begun = session.query('BEGIN');
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
    if (!row) throw this.#withoutRow(session);
    if (row.epoch !== epoch) throw this.#otherEpoch();
  }

  /** What a refusal by the server means. Nothing that was only remembered is to be trusted after it. */
  #refusal(session: Session, reason: unknown): unknown {
    this.#room.forget();
    const state = sqlState(reason);
    if (state === NO_WRITER) return this.#withoutRow(session);
    return state === OTHER_EPOCH ? this.#otherEpoch() : reason;
  }

  #withoutRow(session: Session): SessionLostError {
    session.destroy();
    return new SessionLostError('the row of this writer is gone; a new connection makes it again');
  }

  #otherEpoch(): StoreUnavailableError {
    this.#down = true;
    return new StoreUnavailableError('the database was given a new epoch; start this node again');
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
          ? { kind: 'done', outcomes: await attempt.outcomes(session) }
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

  #missingLogs(): Error {
    this.#room.forget();
    return new StoreUnavailableError('logs that were there are gone from the database');
  }
}

/** Whether what the straight way met is for the other to decide: an id that is stored already, or a log that is not there. */
function isObstacle(reason: unknown): boolean {
  return ['23505', OBSTACLE].includes(sqlState(reason));
}

/**
 * Something in the batch, or in the database, that trying again will not mend. For want of room (53) no call of the batch is to
 * blame, and one that found some alone would overtake those before it.
 */
function refused(reason: unknown): StoreUnavailableError {
  if (reason instanceof StoreUnavailableError) return reason;
  const Refusal = sqlState(reason).startsWith('53') ? StoreUnavailableError : BatchRefusedError;
  return new Refusal(reason instanceof Error ? reason.message : String(reason), { cause: reason });
}

/** Waits with decorrelated jitter. @returns the pause, from which the next is made */
async function rest(pause: number): Promise<number> {
  const next = decorrelatedJitter(pause, Math.random(), PAUSE);
  await Bun.sleep(next);
  return next;
}
