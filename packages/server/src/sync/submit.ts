import { documentsOf, isClockAhead, kindOf, type OperationRefusal, type Outcome } from '@konferenco/core';
import type { Envelope } from '@konferenco/protocol';
import { pause, tell } from '../accounts/change.ts';
import type { Context } from '../accounts/context.ts';
import { Refused } from '../accounts/refused.ts';
import { publishAppended } from './appended.ts';
import { type Planned, refuse, type Submission } from './plan.ts';
import { planMeeting, planNotes } from './plan-meeting.ts';
import { planPersonal } from './plan-personal.ts';
import { planSession } from './plan-session.ts';
import { SERVER_REPLICA } from './system.ts';

const MAX_ATTEMPTS = 20;

/** What became of an operation: kept with all it does, kept before, or refused with nothing kept. */
export type Submitted =
  | {
      readonly kind: 'kept';
      readonly log: string;
      readonly offset: number;
      readonly at: number;
      readonly repeat: boolean;
    }
  | ({ readonly kind: 'refused' } & OperationRefusal & { readonly retry_after_ms?: number | undefined });

/**
 * Keeps an operation: its envelope, the document it changes and what follows from it, in one command. Operations on one
 * document go one after the other; whoever another node overtook decides anew.
 *
 * @throws {StoreUnavailableError}
 */
export async function submitOperation(context: Context, submission: Submission): Promise<Submitted> {
  const refused = refusalOf(submission.envelope, context.clock.now());
  if (refused) return { kind: 'refused', ...refused };
  const [document] = documentsOf(submission.envelope);
  if (!document) return { kind: 'refused', error: 'forbidden', detail: 'said by the system alone' };
  const { envelope } = submission;
  const scope = envelope.type === 'schedule' ? envelope.to.id : envelope.type === 'state' ? envelope.from.user_id : '';
  try {
    return await context.serial.run(`document/${scope}/${document.key}`, () => attempt(context, submission));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { kind: 'refused', error: error.error, detail: error.message, retry_after_ms: error.retry_after_ms };
  }
}

/** What can be said of an operation without knowing any document. */
function refusalOf(envelope: Envelope, now: number): OperationRefusal | null {
  if (isClockAhead(envelope, now)) return { error: 'clock_ahead', detail: 'at' };
  const { dot } = envelope.payload as { dot?: string };
  return dot?.startsWith(SERVER_REPLICA) ? { error: 'invalid', detail: 'dot' } : null;
}

async function attempt(context: Context, submission: Submission): Promise<Submitted> {
  for (let count = 1; ; count++) {
    const planned = await plan(context, submission);
    if (planned.kind === 'refused') {
      return (await repeated(context, submission)) ?? { kind: 'refused', ...planned.refusal };
    }
    const [outcome] = await context.store.commit([planned.command]);
    if (outcome?.kind === 'committed') publishAppended(context.bus, planned.command.appends ?? [], outcome);
    if (outcome?.kind === 'committed') tell(context, planned.tell);
    if (outcome?.kind !== 'conflict') return answerTo(outcome);
    // Not the writer's doing: a later attempt finds less in its way.
    if (count === MAX_ATTEMPTS) return { kind: 'refused', error: 'overloaded', detail: outcome.collection };
    await pause(context, count);
  }
}

function plan(context: Context, submission: Submission): Promise<Planned> {
  const [document] = documentsOf(submission.envelope);
  switch (document && kindOf(document.key)) {
    case 'set':
    case 'fields':
      return planPersonal(context, submission);
    case 'meeting':
      return planMeeting(context, submission);
    case 'notes':
      return planNotes(context, submission);
    case 'session':
      return planSession(context, submission);
    default:
      return Promise.resolve(refuse('forbidden'));
  }
}

/** What was kept before may make no sense a second time: a repeat gets the first answer, not a refusal. */
async function repeated({ store }: Context, { append }: Submission): Promise<Submitted | null> {
  const stored = await store.locate(append.log, append.id);
  if (stored?.sender !== append.sender) return null;
  const [outcome] = await store.commit([{ appends: [append] }]);
  return answerTo(outcome);
}

function answerTo(outcome: Outcome | undefined): Submitted {
  switch (outcome?.kind) {
    case 'committed': {
      const [position] = outcome.positions;
      if (!position) return { kind: 'refused', error: 'internal', detail: '' };
      return { kind: 'kept', ...position, at: outcome.at, repeat: false };
    }
    case 'duplicate':
      return { kind: 'kept', ...outcome.position, at: outcome.at, repeat: true };
    case 'id_reused':
      return { kind: 'refused', error: 'id_reused', detail: '' };
    case 'conflict':
      return { kind: 'refused', error: 'conflict', detail: outcome.collection };
    case undefined:
      return { kind: 'refused', error: 'internal', detail: '' };
  }
}
