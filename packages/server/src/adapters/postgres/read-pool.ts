import { StoreUnavailableError } from '@konferenco/core';
import { Connection } from './connection.ts';
import { isLoss } from './errors.ts';
import type { Parameter, Rows, SessionOptions } from './session.ts';

/** Statements that may wait for one connection. */
const PENDING_LIMIT = 5_000;

const NOTHING: Rows<never> = Object.assign([], { command: 'SELECT' });

interface Lane {
  readonly connection: Connection;
  pending: number;
}

/** Connections for reading. A statement goes to the one with the fewest before it, and once more if that one just broke. */
export class ReadPool {
  readonly #lanes: readonly Lane[];
  #down = false;

  constructor(options: SessionOptions, size: number) {
    this.#lanes = Array.from({ length: size }, () => ({ connection: new Connection(options), pending: 0 }));
  }

  /** Whether the last statement could not reach the server. */
  get isDown(): boolean {
    return this.#down;
  }

  /** @throws {StoreUnavailableError} when the server cannot be read in time or too many wait already */
  async query<R>(text: string, parameters: readonly Parameter[]): Promise<Rows<R>> {
    // No stored text holds it, so nothing matches.
    if (parameters.some((parameter) => typeof parameter === 'string' && parameter.includes('\0'))) return NOTHING;
    const lane = this.#lanes.reduce((least, other) => (other.pending < least.pending ? other : least));
    if (lane.pending >= PENDING_LIMIT) throw new StoreUnavailableError(`${lane.pending} reads wait for the database`);
    lane.pending++;
    try {
      const rows = await lane.connection.run((session) => session.query<R>(text, parameters));
      this.#down = false;
      return rows;
    } catch (error) {
      if (error instanceof StoreUnavailableError && isLoss(error.cause)) this.#down = true;
      throw error;
    } finally {
      lane.pending--;
    }
  }

  close(): void {
    for (const { connection } of this.#lanes) connection.close();
  }
}
