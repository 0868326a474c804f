import { type Outcome, OutcomeUnknownError, StoreUnavailableError } from '@konferenco/core';
import { NO_WRITER, OTHER_EPOCH, SKIPPED } from './append-function.ts';
import { type Attempt, isObstacle, type Sent, settled } from './attempt.ts';
import { Connection } from './connection.ts';
import { asRefusal, asUnavailable, isLoss, isPassing, SessionLostError, sqlState } from './errors.ts';
import { type Facts, type Plan, planBatch } from './plan.ts';
import type { PreparedCommand } from './prepared.ts';
import { NO_PAUSE, rest } from './rest.ts';
import { Room } from './room.ts';
import type { Session, SessionOptions } from './session.ts';
import { type Footprint, footprintOf, lockAndRead, write } from './statements.ts';
import { recallStraight, type StraightBatch, straightBatch, writeStraight } from './straight.ts';
import { type Claim, moveRow, WriterRow } from './writer-row.ts';

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

/** A batch handed over. */
interface Handed {
  /** Its latest attempt, once that is on its way; `null`: it is none that another may be sent behind. */
  sent: Promise<Sent | null>;
}

/**
 * Writes batches, each in a transaction that locks what it touches in one order that all nodes keep, so no node waits in a circle.
 * A batch of appends goes straight: the server does all of it in one call, with nothing locked while messages travel or this node
 * is busy. Another such batch may be sent behind it before its answer is there; the server runs one after the other. Any other
 * batch takes two rounds: it is locked and read, then its outcomes are decided here, and written; so no command needs a savepoint.
 */
export class Writer {
  readonly #options: WriterOptions;
  readonly #connection: Connection;
  readonly #room: Room;
  readonly #row: WriterRow;
  /** The last batch handed over, and none before it, is what the next may be sent behind. */
  #last: Handed = { sent: Promise.resolve(null) };
  #lastAt = 0;
  #down = false;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#room = new Room(options.session.schema);
    this.#row = new WriterRow(options.writer);
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
   * Writes a batch when all that were handed over before have ended.
   * @returns the outcomes in the order of the commands
   * @throws {StoreUnavailableError} when nothing took effect
   * @throws {OutcomeUnknownError} when that could not be learnt in time
   */
  async commit(commands: readonly PreparedCommand[]): Promise<readonly Outcome[]> {
    const deadline = performance.now() + (this.#down ? 0 : this.#options.answerMs);
    const handed = { sent: Promise.resolve<Sent | null>(null) };
    this.#last = handed;
    let straight = straightBatch(commands);
    for (let pause = NO_PAUSE; ; pause = await rest(pause)) {
      let attempt = await (straight ? this.#writeStraight(straight, handed) : this.#writeDecided(commands));
      if (attempt.kind === 'nothing' && straight && isObstacle(attempt.reason)) {
        straight = null;
        handed.sent = Promise.resolve(null);
        attempt = await this.#writeDecided(commands);
      }
      if (attempt.kind === 'unknown') attempt = await this.#learn(attempt);
      if (attempt.kind === 'done') {
        this.#down = false;
        return attempt.outcomes;
      }
      const { reason } = attempt;
      if (!isLoss(reason) && !isPassing(reason)) throw asRefusal(reason);
      if (performance.now() >= deadline) {
        this.#down = isLoss(reason);
        throw asUnavailable(reason);
      }
    }
  }

  /**
   * Writes a batch behind the last one handed over, whose answer is still to come; it takes effect only when that one does.
   * @returns the outcomes in the order of the commands; `null`: nothing took effect
   * @throws {OutcomeUnknownError} when that could not be learnt in time
   */
  async commitBehind(commands: readonly PreparedCommand[]): Promise<readonly Outcome[] | null> {
    const straight = straightBatch(commands);
    const sending = this.#last.sent.then((before) => (before && straight ? this.#sendBehind(before, straight) : null));
    this.#last = { sent: sending };
    const sent = await sending;
    if (!sent) return null;
    let attempt = await sent.ended;
    if (attempt.kind === 'unknown') attempt = await this.#learn(attempt);
    return attempt.kind === 'done' ? attempt.outcomes : null;
  }

  #sendBehind({ session, batch }: Sent, straight: StraightBatch): Sent | null {
    if (session.lost.aborted || !this.#room.has(straight)) return null;
    return this.#send(session, straight, batch);
  }

  /** One round. What stands in its way, such as an id that is stored already, is left to the other way to decide. */
  async #writeStraight(straight: StraightBatch, handed: Handed): Promise<Attempt> {
    const sending = this.#ready(straight).then((session) => this.#send(session, straight));
    handed.sent = sending.catch(() => null);
    const sent = await sending.catch((reason: unknown) => ({ reason }));
    return 'reason' in sent ? { kind: 'nothing', reason: sent.reason } : sent.ended;
  }

  /** Puts a batch on its way, `behind` another that is. */
  #send(session: Session, straight: StraightBatch, behind: number | null = null): Sent {
    const claim = this.#row.claim(behind);
    const [now, turns] = [this.#now(), behind === null ? 1 : 2];
    const begun = session.query('BEGIN', [], turns);
    const writing = writeStraight(session, { ...claim, epoch: this.#options.epoch, now, turns }, straight);
    const committed = session.query('COMMIT', [], turns);
    const tried = { session, batch: claim.batch, outcomes: (later: Session) => recallStraight(later, straight) };
    const ended = Promise.allSettled([begun, writing, committed]).then(([, written, commit]): Attempt => {
      if (written.status === 'fulfilled') {
        const { at, heads } = written.value;
        this.#lastAt = Math.max(this.#lastAt, at);
        return this.#settled(commit, { ...tried, outcomes: () => straight.outcomes(at, heads) });
      }
      const { reason } = written;
      if (isLoss(reason)) return { kind: 'unknown', reason, ...tried };
      if (behind !== null && sqlState(reason) === SKIPPED) return { kind: 'nothing', reason };
      return { kind: 'nothing', reason: this.#refusal(session, reason) };
    });
    return { session, batch: claim.batch, ended };
  }

  /** Two rounds: locked and read, then decided and written. */
  async #writeDecided(commands: readonly PreparedCommand[]): Promise<Attempt> {
    const footprint = footprintOf(commands);
    let session: Session;
    let claim: Claim;
    let facts: Facts;
    try {
      session = await this.#ready(footprint);
      claim = this.#row.claim();
      facts = await this.#lockAndRead(session, footprint, claim);
    } catch (reason) {
      return { kind: 'nothing', reason };
    }
    const { outcomes, writes } = this.#plan(session, commands, facts);
    const [written, commit] = await Promise.allSettled([write(session, writes), session.query('COMMIT')]);
    if (written.status === 'rejected' && !isLoss(written.reason)) {
      return { kind: 'nothing', reason: this.#refusal(session, written.reason) };
    }
    return this.#settled(commit, { session, batch: claim.batch, outcomes: () => outcomes });
  }

  #settled(...end: Parameters<typeof settled>): Attempt {
    const attempt = settled(...end);
    if (attempt.kind === 'done') this.#row.tookEffect(end[1].batch);
    return attempt;
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

  /** Locks what the batch touches, its writer's row first. */
  async #lockAndRead(session: Session, footprint: Footprint, claim: Claim): Promise<Facts> {
    const { epoch, session: place } = this.#options;
    const begun = session.query('BEGIN');
    const noted = moveRow(session, claim);
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
    if (state === NO_WRITER || state === SKIPPED) return this.#withoutRow(session);
    return state === OTHER_EPOCH ? this.#otherEpoch() : reason;
  }

  #withoutRow(session: Session): SessionLostError {
    session.destroy();
    return new SessionLostError('the row of this writer is not as it was left; a new connection takes it again');
  }

  #otherEpoch(): StoreUnavailableError {
    this.#down = true;
    return new StoreUnavailableError('the database was given a new epoch; start this node again');
  }

  /** A new session: ends what a former one may have left running, and takes this writer's row from it. */
  async #takeOver(session: Session): Promise<void> {
    await session.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND pid <> pg_backend_pid()',
      [this.#options.session.name],
    );
    await this.#row.take(session);
    await this.#room.look(session);
  }

  /** Whether a batch took effect whose COMMIT got no answer: the next session has taken the writer's row and seen. */
  async #learn(attempt: Attempt & { readonly kind: 'unknown' }): Promise<Attempt> {
    const deadline = performance.now() + this.#options.answerMs;
    for (let pause = NO_PAUSE; ; pause = await rest(pause)) {
      try {
        const session = await this.#connection.session();
        return this.#row.hasTakenEffect(attempt.batch, attempt.session)
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
