/** Statements kept prepared; a store has some ten different ones for each table. */
const STATEMENTS_MAX = 128;

export interface StatementSource<S> {
  readonly prepare: (sql: string) => S;
  readonly finalize: (statement: S) => void;
}

/** Prepared statements by their text; the least recently prepared goes first. */
export class StatementCache<S> {
  readonly #source: StatementSource<S>;
  readonly #statements = new Map<string, S>();

  constructor(source: StatementSource<S>) {
    this.#source = source;
  }

  get(sql: string): S {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const [oldest] = this.#statements;
    if (oldest && this.#statements.size >= STATEMENTS_MAX) {
      this.#source.finalize(oldest[1]);
      this.#statements.delete(oldest[0]);
    }
    const statement = this.#source.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  clear(): void {
    for (const statement of this.#statements.values()) this.#source.finalize(statement);
    this.#statements.clear();
  }
}
