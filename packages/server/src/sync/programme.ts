import { type DocumentState, sessionState, type SessionView, viewSession } from '@konferenco/core';
import type { Session } from '@konferenco/protocol';
import type { Context } from '../accounts/context.ts';
import {
  at,
  drop,
  type Keyed,
  lastPart,
  listAll,
  listPage,
  PROGRAMME,
  type ProgrammeRecord,
  put,
  recordKey,
} from '../accounts/records.ts';
import type { Changes } from './plan.ts';
import { sessionEffects } from './plan-session.ts';
import { SESSION_DOCUMENTS, SESSION_EVENTS } from './records.ts';
import { BEFORE_OPERATIONS } from './system.ts';

const MAX_SESSIONS = 2_000;

/** Sessions of an event, cancelled ones included, in the order of time. */
export async function readSessions({ store }: Pick<Context, 'store'>, event: string): Promise<SessionView[]> {
  const rows = await listAll(store, SESSION_DOCUMENTS, `${event}/`, MAX_SESSIONS);
  return rows
    .flatMap(({ key, value }) => viewSession(`session/${lastPart(key)}`, value) ?? [])
    .sort((a, b) => a.starts_at - b.starts_at || (a.room < b.room ? -1 : 1));
}

/** The programme as it takes place: without what was cancelled. */
export async function programme(context: Pick<Context, 'store'>, event: string): Promise<Session[]> {
  const sessions = await readSessions(context, event);
  return sessions
    .filter(({ cancelled }) => !cancelled)
    .map(({ cancelled: _, speakers, ...session }) => ({ ...session, speakers: speakers.map((each) => ({ ...each })) }));
}

/** Rows of sessions that nobody knows yet: they stand as they are given until an operation changes them. */
export function sessionRows(
  event: string,
  sessions: readonly { readonly id: string; readonly session: ProgrammeRecord }[],
): Changes {
  return sessions.flatMap(({ id, session }) => {
    const state: DocumentState = sessionState({ ...session }, { at: 0, dot: BEFORE_OPERATIONS });
    return [
      put(SESSION_DOCUMENTS, recordKey(event, id), state),
      put(SESSION_EVENTS, id, { event }),
      ...sessionEffects(event, id, null, state).changes,
    ];
  });
}

const BATCH = 200;

/** Makes documents of sessions that were recorded before there were any. Runs before a node serves; changes nothing twice. */
export async function liftProgramme({ store }: Pick<Context, 'store'>): Promise<void> {
  for (;;) {
    const rows = await listPage(store, PROGRAMME, '', { limit: BATCH });
    if (rows.length === 0) return;
    await store.commit(
      rows.map((row) => ({ requires: [at(PROGRAMME, row.key, row.version)], changes: liftedRows(row) })),
    );
  }
}

function liftedRows({ key, value }: Keyed<ProgrammeRecord>): Changes {
  const [event = '', id = ''] = key.split('/');
  return [drop(PROGRAMME, key), ...sessionRows(event, [{ id, session: value }])];
}
