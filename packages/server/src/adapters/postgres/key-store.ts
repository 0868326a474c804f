import { StoreUnavailableError } from '@konferenco/core';
import type { KeyRing, KeyStore } from '../../accounts/key-store.ts';
import type { Connection } from './connection.ts';

/**
 * The key ring in the database that all nodes share. `replace` takes effect only on the ring that this node loaded last, so
 * that of two nodes that retire a key at once neither undoes the other.
 */
export function createPostgresKeyStore(connection: Connection): KeyStore {
  let seen = 0;
  return {
    async load() {
      const [row] = await connection.run((session) =>
        session.query<{ ring: string; version: number }>('SELECT ring, version::float8 FROM keys'),
      );
      seen = row?.version ?? 0;
      return row ? (JSON.parse(row.ring) as KeyRing) : null;
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
