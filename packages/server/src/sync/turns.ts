import { type Append, factsOf, viewSession } from '@konferenco/core';
import { publishAppended } from './appended.ts';
import type { Context } from '../accounts/context.ts';
import { at, drop, type Keyed, listPage, read, recordKey } from '../accounts/records.ts';
import type { Changes, Requires } from './plan.ts';
import {
  dueAt,
  MEETING_NOTES,
  MEETINGS,
  SESSION_DOCUMENTS,
  timeKey,
  type Turn,
  TURNS,
  USER_MEETINGS,
} from './records.ts';
import { Repeated } from './repeated.ts';
import { noticeAppend, scheduleAppend, stableId } from './system.ts';

/** How often the list of what is due is looked at: how late something may come. */
const LOOK_MS = 5_000;
const BATCH = 100;
/** An end that nobody told in this time is no news any more. */
const STALE_MS = 3_600_000;

/**
 * What happens by itself: reminders, the beginning and end of sessions, and old meetings being forgotten. It stands in
 * the store in the order of time, so a restart forgets nothing; what is said bears an id made of what it says, and goes
 * in the command that takes it off the list, so two nodes say it once.
 */
export class Turns {
  readonly #context: Context;
  readonly #repeated: Repeated;

  constructor(context: Context, onFault: (error: unknown) => void) {
    this.#context = context;
    this.#repeated = new Repeated({ clock: context.clock, every_ms: LOOK_MS, work: () => this.take(), onFault });
  }

  close(): void {
    this.#repeated.close();
  }

  /** Does what is due now, the earliest first. */
  async take(): Promise<void> {
    const { store, clock } = this.#context;
    for (;;) {
      const now = timeKey(clock.now());
      const rows = await listPage(store, TURNS, '', { limit: BATCH });
      const due = rows.filter(({ key }) => key.slice(0, now.length) <= now);
      for (const row of due) if (!this.#repeated.isClosed) await takeTurn(this.#context, row);
      if (this.#repeated.isClosed || due.length < BATCH) return;
    }
  }
}

/** What one turn says and changes. */
interface Taken {
  readonly appends: readonly Append[];
  readonly requires: Requires;
  readonly changes: Changes;
}

async function takeTurn(context: Context, row: Keyed<Turn>): Promise<void> {
  const { appends, requires, changes } = await taken(context, row);
  const done = drop(TURNS, row.key);
  const mine = at(TURNS, row.key, row.version);
  const [outcome] = await context.store.commit([
    { requires: [mine, ...requires], changes: [done, ...changes], appends },
  ]);
  if (outcome?.kind === 'committed') publishAppended(context.bus, appends, outcome);
  // Said before, and put on the list again since: nothing is left to do but to take it off.
  if (outcome?.kind === 'duplicate' || outcome?.kind === 'id_reused') {
    await context.store.commit([{ requires: [mine], changes: [done] }]);
  }
}

function taken(context: Context, { key, value }: Keyed<Turn>): Promise<Taken> {
  switch (value.kind) {
    case 'session_start':
    case 'session_end':
      return sessionTurn(context, key, value);
    case 'reminder':
      return reminderTurn(context, key, value);
    case 'forget':
      return forgetTurn(context, value.meeting);
  }
}

const NOTHING: Taken = { appends: [], requires: [], changes: [] };

async function sessionTurn(
  { store, clock }: Context,
  key: string,
  { kind, event, session }: Extract<Turn, { event: string }>,
): Promise<Taken> {
  const now = clock.now();
  const document = await read(store, SESSION_DOCUMENTS, recordKey(event, session));
  const view = document.value && viewSession(`session/${session}`, document.value);
  if (!view || view.cancelled) return NOTHING;
  const isStale = kind === 'session_start' ? now >= view.ends_at : now - view.ends_at > STALE_MS;
  if (isStale) return NOTHING;
  const { starts_at, ends_at } = view;
  const id = stableId(dueAt(key), `${kind}/${event}/${session}`);
  const said = { id, subtype: kind, payload: { session, starts_at, ends_at }, now: dueAt(key) };
  return { ...NOTHING, appends: [scheduleAppend(event, said)] };
}

async function reminderTurn(
  { store, clock }: Context,
  key: string,
  { meeting, proposal }: Extract<Turn, { proposal: string }>,
): Promise<Taken> {
  const now = clock.now();
  const facts = factsOf((await read(store, MEETINGS, meeting)).value);
  if (!facts?.agreed || facts.newest.dot !== proposal || now >= facts.newest.starts_at) return NOTHING;
  const { starts_at, ends_at } = facts.newest;
  const payload = { meeting, proposal, starts_at, ends_at };
  const appends = facts.people.map((user) => {
    const id = stableId(dueAt(key), `reminder/${meeting}/${proposal}/${user}`);
    return noticeAppend(user, { id, subtype: 'reminder', payload, now: dueAt(key) });
  });
  return { ...NOTHING, appends };
}

async function forgetTurn({ store }: Context, meeting: string): Promise<Taken> {
  const known = await read(store, MEETINGS, meeting);
  const facts = factsOf(known.value);
  const rows = (facts?.people ?? []).map((user) => drop(USER_MEETINGS, recordKey(user, meeting)));
  return {
    appends: [],
    requires: [at(MEETINGS, meeting, known.version)],
    changes: [...rows, drop(MEETINGS, meeting), drop(MEETING_NOTES, meeting)],
  };
}
