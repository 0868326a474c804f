import { PNCounter } from '@konferenco/crdt';
import type { Attendance } from '@konferenco/protocol';
import { change } from '../accounts/change.ts';
import type { Context } from '../accounts/context.ts';
import { at, drop, type Keyed, listPage, put, read, recordKey } from '../accounts/records.ts';
import { ATTENDANCE, ATTENDANCE_CHANGES, type AttendanceChange } from './records.ts';
import { Repeated } from './repeated.ts';
import { scheduleAppend } from './system.ts';

/** How often what came together is counted and said. */
const COUNT_MS = 5_000;
/** Comings and goings counted in one command, and sessions of one envelope. */
const MOST_CHANGES = 500;
const MOST_SESSIONS = 20;

/**
 * Counts who goes where: operations leave a row each, which nobody else waits for; every 5 s one node makes counts of
 * them and says those that changed, in the command that takes the rows away. So a crash neither loses nor doubles any.
 */
export class AttendanceCount {
  readonly #context: Context;
  readonly #repeated: Repeated;

  constructor(context: Context, onFault: (error: unknown) => void) {
    this.#context = context;
    this.#repeated = new Repeated({ clock: context.clock, every_ms: COUNT_MS, work: () => this.count(), onFault });
  }

  close(): void {
    this.#repeated.close();
  }

  /** Counts what waits now. */
  async count(): Promise<void> {
    while (!this.#repeated.isClosed && (await countSome(this.#context))) {
      // As long as a whole batch waited, there may be more.
    }
  }
}

/** @returns whether there may be more to count. */
function countSome(context: Context): Promise<boolean> {
  return change(context, async () => {
    const rows = await listPage(context.store, ATTENDANCE_CHANGES, '', { limit: MOST_CHANGES });
    const [first] = rows;
    if (!first) return { result: false };
    const [event = ''] = first.key.split('/');
    const sessions = Map.groupBy(
      rows.filter(({ key }) => key.startsWith(`${event}/`)),
      ({ key }) => key.split('/')[1] ?? '',
    );
    const counted = await Promise.all(
      [...sessions]
        .slice(0, MOST_SESSIONS)
        .map(([session, changes]) => countSession(context, { event, session }, changes)),
    );
    const payload: Attendance = { counts: counted.map(({ count }) => count) };
    const said = { id: context.newId(), subtype: 'attendance', payload, now: context.clock.now() };
    return {
      command: {
        requires: counted.flatMap(({ requires }) => requires),
        changes: counted.flatMap(({ changes }) => changes),
        appends: [scheduleAppend(event, said)],
      },
      result: rows.length === MOST_CHANGES || counted.reduce((sum, { taken }) => sum + taken, 0) < rows.length,
    };
  });
}

async function countSession(
  { store }: Context,
  { event, session }: { readonly event: string; readonly session: string },
  rows: readonly Keyed<AttendanceChange>[],
) {
  const key = recordKey(event, session);
  const known = await read(store, ATTENDANCE, key);
  const counter = PNCounter.from(known.value ?? new PNCounter().state());
  const node = store.epoch.slice(0, 32);
  const came = rows.filter(({ value }) => value.by > 0).length;
  counter.increment(node, came);
  const count = counter.decrement(node, rows.length - came);
  return {
    taken: rows.length,
    count: { session, ...count },
    // The rows as well: between the two looks another node may have counted them.
    requires: [at(ATTENDANCE, key, known.version), ...rows.map((row) => at(ATTENDANCE_CHANGES, row.key, row.version))],
    changes: [put(ATTENDANCE, key, counter.state()), ...rows.map((row) => drop(ATTENDANCE_CHANGES, row.key))],
  };
}
