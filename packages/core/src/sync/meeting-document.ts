import type {
  Envelope,
  MeetingAgendaChange,
  MeetingAnswer,
  MeetingCancel,
  MeetingProposal,
  MeetingRequest,
} from '@konferenco/protocol';
import type { DocumentState, MeetingStanding, MeetingView } from './document.ts';
import { type Agenda, applyToAgenda, EMPTY_AGENDA, viewAgenda } from './meeting-agenda.ts';
import { compareStamps, FORM, formOf, own, type Registers, type Stamp, type Written, write } from './stamp.ts';

/** A time and place that one of the two proposed. Its dot is the key it stands under. */
export interface Proposal {
  readonly by: string;
  readonly at: number;
  /** Unix ms. */
  readonly starts_at: number;
  readonly ends_at: number;
  readonly place?: string;
}

interface Request {
  readonly by: string;
  readonly title: string;
  readonly note: string;
}

interface Answer {
  readonly accepts: boolean;
  readonly reason: string;
}

/** A meeting of two people, and what both have said about it. */
export interface MeetingState extends DocumentState {
  readonly v: typeof FORM;
  /** Id of the document. */
  readonly id: string;
  /** The two, sorted; nobody else's operations count. */
  readonly people: readonly [string, string];
  readonly request: Registers<Request>;
  /** By their dots. */
  readonly proposals: Readonly<Record<string, Proposal>>;
  /** By `user/proposal`. */
  readonly answers: Registers<Answer>;
  readonly cancelled: Registers<{ readonly by: string; readonly reason: string }>;
  readonly agenda: Agenda;
}

/** The one register of `request` and `cancelled`. */
const ONLY = 'it';

export function applyToMeeting(state: DocumentState | null, envelope: Envelope): DocumentState {
  const by = envelope.from.user_id;
  const people: [string, string] = by < envelope.to.id ? [by, envelope.to.id] : [envelope.to.id, by];
  const { meeting: id } = envelope.payload as { meeting: string };
  const meeting = formOf<MeetingState>(state, {
    ...{ v: FORM, id, people, request: {}, proposals: {}, answers: {}, cancelled: {}, agenda: EMPTY_AGENDA },
  });
  if (meeting.people[0] !== people[0] || meeting.people[1] !== people[1]) return meeting;
  return applyOf(meeting, by, envelope);
}

function applyOf(meeting: MeetingState, by: string, { subtype, payload }: Envelope): MeetingState {
  switch (subtype) {
    case 'request': {
      const { title, note = '', at, dot, ...slot } = payload as MeetingRequest;
      const request = write(meeting.request, ONLY, { value: { by, title, note }, at, dot });
      return { ...propose(meeting, { by, at, ...slot }, dot), request };
    }
    case 'propose_time': {
      const { at, dot, ...slot } = payload as MeetingProposal;
      return propose(meeting, { by, at, ...slot }, dot);
    }
    case 'accept':
    case 'decline': {
      const { proposal, reason = '', at, dot } = payload as MeetingAnswer;
      const value = { accepts: subtype === 'accept', reason };
      return { ...meeting, answers: write(meeting.answers, `${by}/${proposal}`, { value, at, dot }) };
    }
    case 'cancel': {
      const { reason = '', at, dot } = payload as MeetingCancel;
      return { ...meeting, cancelled: write(meeting.cancelled, ONLY, { value: { by, reason }, at, dot }) };
    }
    case 'agenda_change':
      return { ...meeting, agenda: applyToAgenda(meeting.agenda, payload as MeetingAgendaChange) };
    default:
      return meeting;
  }
}

function propose(meeting: MeetingState, proposal: Proposal, dot: string): MeetingState {
  const { by, at, starts_at, ends_at, place } = proposal;
  const made: Proposal = { by, at, starts_at, ends_at, ...(place === undefined ? {} : { place }) };
  const stands = own(meeting.proposals, dot);
  // One dot names one proposal; should two bear it all the same, everybody keeps the same one.
  if (stands && JSON.stringify(stands) >= JSON.stringify(made)) return meeting;
  return { ...meeting, proposals: { ...meeting.proposals, [dot]: made } };
}

/** A proposal under its dot. */
export type Proposed = Proposal & Stamp;

/** Everything about a meeting that holds for both alike. */
export interface MeetingFacts {
  readonly people: readonly [string, string];
  readonly request: Request;
  readonly newest: Proposed;
  readonly proposals: readonly Proposed[];
  readonly answer: Answer | null;
  readonly cancelled: { readonly by: string; readonly reason: string } | null;
  readonly agreed: boolean;
  readonly agenda: Agenda;
}

/** `null` while the request has not come. */
export function factsOf(state: DocumentState | null): MeetingFacts | null {
  if (!state) return null;
  const { people, request, proposals, answers, cancelled, agenda } = state as MeetingState;
  const asked = own(request, ONLY)?.value;
  const made = Object.entries(proposals)
    .map(([dot, proposal]): Proposed => ({ ...proposal, dot }))
    .sort((a, b) => compareStamps(b, a));
  const [newest] = made;
  if (!asked || !newest) return null;
  const answer = own(answers, `${otherOf(people, newest.by)}/${newest.dot}`)?.value ?? null;
  const ended = own(cancelled, ONLY)?.value ?? null;
  return {
    ...{ people, request: asked, newest, proposals: made, answer, cancelled: ended, agenda },
    agreed: ended === null && answer?.accepts === true,
  };
}

/** The meeting as `me`, one of the two, sees it; `null` for others and while the request has not come. */
export function viewMeeting(state: DocumentState | null, me: string): MeetingView | null {
  const facts = factsOf(state);
  if (!facts?.people.includes(me)) return null;
  const { id, answers } = state as MeetingState;
  const { people, request, newest, proposals, answer, cancelled } = facts;
  const standing = standingOf(facts, me);
  return {
    id,
    with: otherOf(people, me),
    by: request.by,
    title: request.title,
    place: proposals.find(({ place }) => place !== undefined)?.place ?? '',
    note: request.note,
    starts_at: newest.starts_at,
    ends_at: newest.ends_at,
    proposal: newest.dot,
    proposed_by: newest.by,
    standing,
    accept_again: standing === 'waiting_for_me' && wasAgreed(answers, facts),
    reason: cancelled?.reason ?? (answer?.accepts === false ? answer.reason : ''),
    agenda: viewAgenda(facts.agenda),
  };
}

/** What a meeting operation writes in competition with others: a proposal, or an item's text. */
export function meetingWrites({ subtype, payload }: Envelope): readonly (readonly [string, Written<unknown>])[] {
  if (subtype === 'propose_time' || subtype === 'request') {
    const { at, dot, starts_at, ends_at, place } = payload as MeetingProposal;
    return [['time', { value: { starts_at, ends_at, place }, at, dot }]];
  }
  if (subtype !== 'agenda_change') return [];
  const { at, dot, change } = payload as MeetingAgendaChange;
  return change.op === 'set' ? [[`agenda.${change.item}`, { value: [change.text, change.done], at, dot }]] : [];
}

function standingOf({ newest, answer, cancelled }: MeetingFacts, me: string): MeetingStanding {
  if (cancelled) return 'cancelled';
  if (answer) return answer.accepts ? 'agreed' : 'declined';
  return newest.by === me ? 'waiting_for_them' : 'waiting_for_me';
}

/** Whether an earlier proposal had been accepted by the one it was made to. */
function wasAgreed(answers: Registers<Answer>, { people, proposals, newest }: MeetingFacts): boolean {
  return proposals.some(
    ({ by, dot }) => dot !== newest.dot && own(answers, `${otherOf(people, by)}/${dot}`)?.value.accepts === true,
  );
}

function otherOf([a, b]: readonly [string, string], one: string): string {
  return one === a ? b : a;
}
