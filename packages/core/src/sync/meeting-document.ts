import { compareStamps, LWWMap, type LWWMapState } from '@konferenco/crdt';
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
import { FORM, formOf, type Said, stampOf, type Written } from './stamp.ts';

/** A time and place that one of the two proposed. */
export interface Proposal {
  readonly by: string;
  /** Unix ms. */
  readonly starts_at: number;
  readonly ends_at: number;
  readonly place?: string;
}

/** A proposal under its dot. */
export interface Proposed extends Proposal, Said {}

interface Request {
  readonly by: string;
  readonly title: string;
  readonly note: string;
}
interface Answer {
  readonly accepts: boolean;
  readonly reason: string;
}
interface Cancellation {
  readonly by: string;
  readonly reason: string;
}

/** A meeting of two people, and what both have said about it. */
interface MeetingState extends DocumentState {
  readonly v: typeof FORM;
  readonly id: string;
  /** The two, sorted; nobody else's operations count. */
  readonly people: readonly [string, string];
  /** `request`, `cancelled`, `proposal/{dot}` and `answer/{user}/{proposal}`. */
  readonly said: LWWMapState<unknown>;
  readonly agenda: Agenda;
}

export function applyToMeeting(state: DocumentState | null, envelope: Envelope): DocumentState {
  const by = envelope.from.user_id;
  const people: [string, string] = by < envelope.to.id ? [by, envelope.to.id] : [envelope.to.id, by];
  const { meeting: id } = envelope.payload as { meeting: string };
  const empty: MeetingState = { v: FORM, id, people, said: new LWWMap().state(), agenda: EMPTY_AGENDA };
  const meeting = formOf(state, empty);
  if (meeting.people[0] !== people[0] || meeting.people[1] !== people[1]) return meeting;
  if (envelope.subtype === 'agenda_change') {
    const { agenda } = applyToAgenda(meeting.agenda, envelope.payload as MeetingAgendaChange);
    return { ...meeting, agenda };
  }
  const said = LWWMap.from<unknown>(meeting.said);
  for (const [field, { value, ...stamp }] of statementsOf(by, envelope)) {
    said.apply({ field, value, ...stampOf(stamp) });
  }
  return { ...meeting, said: said.state() };
}

function statementsOf(by: string, { subtype, payload }: Envelope): readonly (readonly [string, Written])[] {
  switch (subtype) {
    case 'request': {
      const { title, note = '', at, dot } = payload as MeetingRequest;
      return [['request', { value: { by, title, note }, at, dot }], proposalOf(by, payload as MeetingRequest)];
    }
    case 'propose_time':
      return [proposalOf(by, payload as MeetingProposal)];
    case 'accept':
    case 'decline': {
      const { proposal, reason = '', at, dot } = payload as MeetingAnswer;
      return [[answerField(by, proposal), { value: { accepts: subtype === 'accept', reason }, at, dot }]];
    }
    case 'cancel': {
      const { reason = '', at, dot } = payload as MeetingCancel;
      return [['cancelled', { value: { by, reason }, at, dot }]];
    }
    default:
      return [];
  }
}

const PROPOSAL = 'proposal/';

function proposalOf(by: string, payload: MeetingProposal): readonly [string, Written] {
  const { at, dot, starts_at, ends_at, place } = payload;
  const value: Proposal = { by, starts_at, ends_at, ...(place === undefined ? {} : { place }) };
  return [`${PROPOSAL}${dot}`, { value, at, dot }];
}

function answerField(user: string, proposal: string): string {
  return `answer/${user}/${proposal}`;
}

/** Everything about a meeting that holds for both alike. */
export interface MeetingFacts {
  readonly people: readonly [string, string];
  readonly request: Request;
  /** Newest first. */
  readonly proposals: readonly Proposed[];
  readonly newest: Proposed;
  /** To the newest proposal, by the one it was made to. */
  readonly answer: Answer | null;
  readonly cancelled: Cancellation | null;
  readonly agreed: boolean;
  /** An earlier proposal had been accepted. */
  readonly was_agreed: boolean;
  readonly agenda: Agenda;
}

/** `null` while the request has not come. */
export function factsOf(state: DocumentState | null): MeetingFacts | null {
  if (!state) return null;
  const { people, agenda, ...meeting } = state as MeetingState;
  const said = LWWMap.from<unknown>(meeting.said);
  const request = said.get('request') as Request | undefined;
  const proposals = proposalsIn(said);
  const [newest, ...earlier] = proposals;
  if (!request || !newest) return null;
  const answerTo = ({ by, dot }: Proposed) => said.get(answerField(otherOf(people, by), dot)) as Answer | undefined;
  const answer = answerTo(newest) ?? null;
  const cancelled = (said.get('cancelled') as Cancellation | undefined) ?? null;
  return {
    ...{ people, request, proposals, newest, answer, cancelled, agenda },
    agreed: cancelled === null && answer?.accepts === true,
    was_agreed: earlier.some((proposal) => answerTo(proposal)?.accepts === true),
  };
}

/** The meeting as `me`, one of the two, sees it; `null` for others and while the request has not come. */
export function viewMeeting(state: DocumentState | null, me: string): MeetingView | null {
  const facts = factsOf(state);
  if (!facts?.people.includes(me)) return null;
  const { people, request, newest, proposals, answer, cancelled } = facts;
  const standing = standingOf(facts, me);
  return {
    id: (state as MeetingState).id,
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
    accept_again: standing === 'waiting_for_me' && facts.was_agreed,
    reason: cancelled?.reason ?? (answer?.accepts === false ? answer.reason : ''),
    agenda: viewAgenda(facts.agenda),
  };
}

/** What the fields of agenda items are called by: this and the item. */
export const AGENDA_FIELD = 'agenda.';

/** What a meeting operation writes in competition with others: a time, or an item's text. */
export function meetingWrites({
  subtype,
  payload,
}: Pick<Envelope, 'subtype' | 'payload'>): readonly (readonly [string, Written])[] {
  if (subtype === 'propose_time' || subtype === 'request') {
    const { at, dot, starts_at, ends_at, place } = payload as MeetingProposal;
    return [['time', { value: { starts_at, ends_at, place }, at, dot }]];
  }
  if (subtype !== 'agenda_change') return [];
  const { at, dot, change } = payload as MeetingAgendaChange;
  return change.op === 'set' ? [[`${AGENDA_FIELD}${change.item}`, { value: [change.text, change.done], at, dot }]] : [];
}

function proposalsIn(said: LWWMap<unknown>): Proposed[] {
  return said
    .entries()
    .filter(([field]) => field.startsWith(PROPOSAL))
    .map(([field, value]): Proposed => {
      const at = said.current(field)?.timestamp ?? 0;
      return { ...(value as Proposal), dot: field.slice(PROPOSAL.length), at };
    })
    .sort((a, b) => compareStamps(stampOf(b), stampOf(a)));
}

function standingOf({ newest, answer, cancelled }: MeetingFacts, me: string): MeetingStanding {
  if (cancelled) return 'cancelled';
  if (answer) return answer.accepts ? 'agreed' : 'declined';
  return newest.by === me ? 'waiting_for_them' : 'waiting_for_me';
}

function otherOf([a, b]: readonly [string, string], one: string): string {
  return one === a ? b : a;
}
