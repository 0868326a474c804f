import type { Outcome, Pointer } from '@konferenco/core';
import { inboxLog, type LogName } from '@konferenco/protocol';
import { PRESENT, reasonCode } from '../checksum.ts';
import { numberArray, textArray } from './arrays.ts';
import type { PreparedCommand } from './prepared.ts';
import { contentCrc, pointerContentCrc } from './row-checksum.ts';
import type { Parameter, Session } from './session.ts';
import type { Claim } from './writer-row.ts';

interface Row {
  readonly id: string;
  readonly sender: string;
  readonly place: number;
  readonly rank: number;
  readonly expires: number;
  readonly crc: number;
  readonly thread: string | null;
  readonly text: string | null;
  readonly body: string;
  /** Places of the inboxes that get a pointer; `null`: none. */
  readonly inboxes: readonly number[] | null;
}

interface PointerRow {
  /** Which row of the batch it leads to, from 1. */
  readonly nth: number;
  readonly place: number;
  readonly rank: number;
  readonly reason: number;
  readonly crc: number;
}

/** A spot in a log that is known but for where the log stands. */
interface Spot {
  readonly place: number;
  readonly rank: number;
}

/** What a command's caller is to be told, but for where the logs stand. */
interface Told {
  readonly spots: readonly Spot[];
  readonly pointers: readonly (Spot & Pick<Pointer, 'user' | 'reason'>)[];
}

/** A batch of nothing but appends, which the server can write without asking back. */
export interface StraightBatch {
  readonly logs: readonly LogName[];
  readonly ids: readonly string[];
  /** Of each id. */
  readonly senders: readonly string[];
  readonly parameters: readonly Parameter[];
  /** The outcomes of the commands, once the store time (Unix ms) and the heads that the logs had are known. */
  outcomes(at: number, heads: readonly number[]): Outcome[];
}

/** @returns `null` when a command asks for more than appends, or two of them have the same id. */
export function straightBatch(commands: readonly PreparedCommand[]): StraightBatch | null {
  const draft = new Draft();
  for (const command of commands) if (!isStraight(command) || !draft.add(command)) return null;
  return draft.finish();
}

function isStraight({ appends, requires, changes, erases }: PreparedCommand): boolean {
  return appends.length > 0 && requires.length === 0 && changes.length === 0 && erases.length === 0;
}

/** Writes the batch inside a transaction. @returns what {@link StraightBatch.outcomes} needs */
export async function writeStraight(
  session: Session,
  from: Claim & { readonly epoch: string; readonly now: number; readonly turns: number },
  { parameters }: StraightBatch,
): Promise<{ at: number; heads: number[] }> {
  const [row] = await session.query<{ stored_at: number; old_heads: string }>(
    APPEND,
    [from.writer, from.term, from.behind, from.batch, from.epoch, from.now, ...parameters],
    from.turns,
  );
  if (!row) throw new Error('a batch was neither written nor refused');
  return { at: row.stored_at, heads: row.old_heads.slice(1, -1).split(',').map(Number) };
}

/** The outcomes of a batch that was committed without its answer. */
export async function recallStraight(session: Session, batch: StraightBatch): Promise<Outcome[]> {
  const rows = await session.query<{ name: LogName; head: number; at: number }>(RECALL, [
    textArray(batch.ids),
    textArray(batch.senders),
  ]);
  const heads = new Map(rows.map(({ name, head }) => [name, head]));
  if (batch.logs.some((name) => !heads.has(name))) throw new Error('a batch that was committed is not there');
  return batch.outcomes(
    Math.max(...rows.map(({ at }) => at)),
    batch.logs.map((name) => heads.get(name) ?? 0),
  );
}

/** Where each log stood before the batch: a batch's ranks begin at 1 and have no gap. */
const RECALL = `SELECT l.name, min(w.off)::float8 - 1 AS head, max(w.at)::float8 AS at FROM (
    SELECT e.log, e.off, e.at FROM unnest($1::uuid[], $2::text[]) AS t(id, sender) JOIN entries e USING(id, sender)
    UNION ALL SELECT p.inbox, p.off, e.at FROM unnest($1::uuid[], $2::text[]) AS t(id, sender) JOIN entries e USING(id, sender)
      JOIN pointers p ON p.id = e.id AND p.seq = e.seq) w
  JOIN logs l ON l.id = w.log GROUP BY l.name`;

const APPEND = `SELECT stored_at, old_heads FROM append_batch($1::text, $2::bigint, $3::bigint, $4::bigint, $5::text, $6::bigint,
  $7::text[], $8::int[], $9::uuid[], $10::text[], $11::int[], $12::int[], $13::bigint[], $14::bigint[], $15::text[], $16::text[],
  $17::text[], $18::text[], $19::int[], $20::int[], $21::int[], $22::int[], $23::bigint[])`;

class Draft {
  readonly #rows: Row[] = [];
  readonly #pointers: PointerRow[] = [];
  readonly #ids = new Set<string>();
  readonly #places = new Map<LogName, number>();
  readonly #ranks: number[] = [];
  readonly #told: Told[] = [];

  /** @returns false when an id of the command is in the batch already */
  add({ appends }: PreparedCommand): boolean {
    const spots: Spot[] = [];
    const pointers: Told['pointers'][number][] = [];
    for (const { log, id, sender, envelope: body, expires_at, thread = null, text = null, notify = [] } of appends) {
      if (this.#ids.has(id)) return false;
      this.#ids.add(id);
      const spot = this.#spot(log);
      spots.push(spot);
      const content = { id, sender, expires: Math.floor(expires_at), gone: PRESENT, thread, text, body };
      const nth = this.#rows.length + 1;
      const inboxes = new Set<number>();
      for (const { user, reason } of notify) {
        const inbox = inboxLog(user);
        const at = this.#spot(inbox);
        inboxes.add(at.place);
        pointers.push({ ...at, user, reason });
        const code = reasonCode(reason);
        this.#pointers.push({ ...at, nth, reason: code, crc: pointerContentCrc(id, inbox, code) });
      }
      const crc = contentCrc(log, content);
      this.#rows.push({ ...content, ...spot, crc, inboxes: inboxes.size > 0 ? [...inboxes] : null });
    }
    this.#told.push({ spots, pointers });
    return true;
  }

  finish(): StraightBatch {
    const logs = [...this.#places.keys()];
    const told = this.#told;
    return {
      logs,
      ids: this.#rows.map(({ id }) => id),
      senders: this.#rows.map(({ sender }) => sender),
      parameters: [
        textArray(logs),
        numberArray(this.#ranks),
        ...rowColumns(this.#rows),
        ...pointerColumns(this.#pointers),
      ],
      outcomes: (at, heads) => {
        const offset = ({ place, rank }: Spot) => (heads[place - 1] ?? 0) + rank;
        return told.map(({ spots, pointers }) => ({
          kind: 'committed',
          at,
          positions: spots.map((spot) => ({ log: logs[spot.place - 1] ?? '', offset: offset(spot) })),
          pointers: pointers.map(({ user, reason, ...spot }) => ({ user, inbox: offset(spot), reason })),
        }));
      },
    };
  }

  #spot(log: LogName): Spot {
    let place = this.#places.get(log);
    if (place === undefined) {
      place = this.#places.size + 1;
      this.#places.set(log, place);
      this.#ranks.push(0);
    }
    const rank = (this.#ranks[place - 1] ?? 0) + 1;
    this.#ranks[place - 1] = rank;
    return { place, rank };
  }
}

function rowColumns(rows: readonly Row[]): string[] {
  return [
    textArray(rows.map((row) => row.id)),
    textArray(rows.map((row) => row.sender)),
    numberArray(rows.map((row) => row.place)),
    numberArray(rows.map((row) => row.rank)),
    numberArray(rows.map((row) => row.expires)),
    numberArray(rows.map((row) => row.crc)),
    textArray(rows.map((row) => row.thread)),
    textArray(rows.map((row) => row.text)),
    textArray(rows.map((row) => row.body)),
    textArray(rows.map((row) => row.inboxes && numberArray(row.inboxes))),
  ];
}

function pointerColumns(rows: readonly PointerRow[]): string[] {
  return [
    numberArray(rows.map((row) => row.nth)),
    numberArray(rows.map((row) => row.place)),
    numberArray(rows.map((row) => row.rank)),
    numberArray(rows.map((row) => row.reason)),
    numberArray(rows.map((row) => row.crc)),
  ];
}
