import { applyOperation, type DocumentState, operationError, viewSession } from '@konferenco/core';
import type { Context } from '../accounts/context.ts';
import { at, put, read, recordKey } from '../accounts/records.ts';
import { commitOf, type Effects, NO_EFFECTS, type Planned, refuse, type Submission } from './plan.ts';
import { turnChanges } from './plan-meeting.ts';
import { SESSION_DOCUMENTS, SESSION_EVENTS, type Turn, turnKey } from './records.ts';

/** An organiser's operation on a session of the programme. Who organises was checked before. */
export async function planSession(context: Context, submission: Submission): Promise<Planned> {
  const { envelope } = submission;
  const event = envelope.to.id;
  const { session } = envelope.payload as { session: string };
  const key = `session/${session}`;
  const [known, owner] = await Promise.all([
    read(context.store, SESSION_DOCUMENTS, recordKey(event, session)),
    read(context.store, SESSION_EVENTS, session),
  ]);
  if (owner.value && owner.value.event !== event) return refuse('conflict', 'another event has a session of this id');
  const after = applyOperation(key, known.value, envelope);
  const refusal = operationError({ key, before: known.value, after, envelope });
  if (refusal) return { kind: 'refused', refusal };
  const channel = viewSession(key, after)?.channel_id;
  if (channel !== undefined && (await context.directory.channel(channel))?.event !== event) {
    return refuse('not_found', 'channel');
  }
  const effects = sessionEffects(event, session, known.value, after);
  const claims = owner.value
    ? effects
    : {
        ...effects,
        requires: [at(SESSION_EVENTS, session, owner.version)],
        changes: [...effects.changes, put(SESSION_EVENTS, session, { event })],
      };
  return commitOf(
    submission,
    {
      requires: [at(SESSION_DOCUMENTS, recordKey(event, session), known.version)],
      changes: [put(SESSION_DOCUMENTS, recordKey(event, session), after)],
    },
    claims,
  );
}

/** When a session's beginning and end are announced. */
export function sessionEffects(
  event: string,
  session: string,
  before: DocumentState | null,
  after: DocumentState,
): Effects {
  return { ...NO_EFFECTS, changes: turnChanges(turnsOf(event, session, before), turnsOf(event, session, after)) };
}

function turnsOf(event: string, session: string, state: DocumentState | null): ReadonlyMap<string, Turn> {
  const view = state && viewSession(`session/${session}`, state);
  if (!view || view.cancelled) return new Map();
  const start: Turn = { kind: 'session_start', event, session };
  const end: Turn = { kind: 'session_end', event, session };
  return new Map([
    [turnKey(view.starts_at, start), start],
    [turnKey(view.ends_at, end), end],
  ]);
}
