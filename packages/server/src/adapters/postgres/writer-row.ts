import type { Session } from './session.ts';

/** Under which a batch may be written. */
export interface Claim {
  readonly writer: string;
  readonly term: number;
  /** Number of the batch that must be the last one that took effect. */
  readonly behind: number;
  /** Its own number. */
  readonly batch: number;
}

/**
 * The row that says which batch of a writer took effect last. Every batch moves it from the one before to itself, in its own
 * transaction; so a batch takes effect only when the one it was sent behind did. Every session that takes the row begins a new
 * term, and a batch of an earlier term can take effect no more, however late it reaches the server.
 */
export class WriterRow {
  readonly #writer: string;
  /** The last batch that took effect while a session had the row. */
  readonly #ends = new WeakMap<Session, number>();
  #session: Session | null = null;
  #term = 0;
  #last = 0;
  #numbered = 0;

  constructor(writer: string) {
    this.#writer = writer;
  }

  /**
   * Waits until a transaction that holds the row has ended. What is found is committed behind that transaction, so a replica
   * has both or neither.
   */
  async take(session: Session): Promise<void> {
    const [row] = await session.query<{ term: number; batch: number }>(
      `INSERT INTO writers AS w(writer, batch, term, seen) VALUES($1, 0, 1, now())
       ON CONFLICT(writer) DO UPDATE SET term = w.term + 1, seen = now() RETURNING term::float8, batch::float8`,
      [this.#writer],
    );
    if (!row) throw new Error('a writer got no row');
    if (this.#session) this.#ends.set(this.#session, row.batch);
    this.#session = session;
    this.#term = row.term;
    this.#last = row.batch;
  }

  /** For a new batch on the session that has the row; `behind` another that is under way, or behind all that took effect. */
  claim(behind: number | null = null): Claim {
    return { writer: this.#writer, term: this.#term, behind: behind ?? this.#last, batch: ++this.#numbered };
  }

  tookEffect(batch: number): void {
    this.#last = Math.max(this.#last, batch);
  }

  /** Whether a batch took effect whose session was lost, once another has taken the row. */
  hasTakenEffect(batch: number, session: Session): boolean {
    const end = this.#ends.get(session);
    if (end === undefined) throw new Error('it is asked how a session ended that still has the row of its writer');
    return batch <= end;
  }
}

/** Moves the row to a batch inside its transaction. @returns the store's epoch; none: the claim does not hold */
export async function moveRow(session: Session, claim: Claim): Promise<readonly { readonly epoch: string }[]> {
  return session.query<{ epoch: string }>(
    `UPDATE writers SET batch = $4::bigint, seen = now() WHERE writer = $1 AND term = $2::bigint AND batch = $3::bigint
     RETURNING (SELECT epoch FROM meta) AS epoch`,
    [claim.writer, claim.term, claim.behind, claim.batch],
  );
}
