import { cursorCrc } from '../checksum.ts';
import type { CursorUpdate } from '../cursor-queue.ts';
import { numberArray, textArray } from './arrays.ts';
import type { Session } from './session.ts';

/** Moves cursors forward, one of each device. In the order of their keys, so that nodes never wait for one another in a circle. */
export async function saveCursors(session: Session, cursors: readonly CursorUpdate[]): Promise<void> {
  await session.query(
    `INSERT INTO cursors AS c SELECT p, d, i, k FROM unnest($1::text[], $2::text[], $3::bigint[], $4::int[]) AS t(p, d, i, k)
     ORDER BY p COLLATE "C", d COLLATE "C"
     ON CONFLICT(person, device) DO UPDATE SET inbox = excluded.inbox, crc = excluded.crc WHERE excluded.inbox > c.inbox`,
    [
      textArray(cursors.map(({ user }) => user)),
      textArray(cursors.map(({ device }) => device)),
      numberArray(cursors.map(({ inbox }) => inbox)),
      numberArray(cursors.map(({ user, device, inbox }) => cursorCrc(user, device, inbox) | 0)),
    ],
  );
}
