import { StoreUnavailableError } from '@konferenco/core';
import type { Connection } from './connection.ts';

/** One JSON value that all nodes share: the key ring, for which this is a `KeyStore`. */
export interface SharedValue<V> {
  load(): Promise<V | null>;
  /** Keeps the first value. False when another node was first; then `load` has its value. */
  create(value: V): Promise<boolean>;
  /** @throws {StoreUnavailableError} when another node replaced what this one loaded */
  replace(value: V): Promise<void>;
}

/**
 * The key ring in the database that all nodes share. `replace` takes effect only on the ring that this node loaded last, so
 * that of two nodes that retire a key at once neither undoes the other.
 */
export function createPostgresKeyStore<Ring>(connection: Connection): SharedValue<Ring> {
  let seen = 0;
  return {
    async load() {
      const [row] = await connection.run((session) =>
        session.query<{ ring: string; version: number }>('SELECT ring, version::float8 FROM keys'),
      );
      seen = row?.version ?? 0;
      return row ? (JSON.parse(row.ring) as Ring) : null;
    },
    async create(ring) {
      const made = await connection.run((session) =>
        session.query('INSERT INTO keys(version, ring) VALUES(1, $1) ON CONFLICT DO NOTHING RETURNING version', [
          JSON.stringify(ring),
        ]),
      );
      if (made.length > 0) seen = 1;
      return made.length > 0;
    },
    async replace(ring) {
      const replaced = await connection.run((session) =>
        session.query('UPDATE keys SET ring = $1, version = version + 1 WHERE version = $2::bigint RETURNING version', [
          JSON.stringify(ring),
          seen,
        ]),
      );
      if (replaced.length === 0)
        throw new StoreUnavailableError('another node replaced the keys meanwhile; load them again');
      seen += 1;
    },
  };
}
