import { applyOperation, type Command, type DocumentState, setOf } from '@konferenco/core';
import { PNCounter } from '@konferenco/crdt';
import type { Envelope } from '@konferenco/protocol';
import { meetingEffects } from '../sync/plan-meeting.ts';
import { ATTENDANCE, MEETINGS, PERSONAL_DOCUMENTS } from '../sync/records.ts';
import { BEFORE_OPERATIONS, type Replica, stableId } from '../sync/system.ts';
import { put, recordKey } from './records.ts';

type Changes = NonNullable<Command['changes']>;

/** Sessions that people of the demo go to, and others they marked. */
const PLANS: Readonly<
  Record<string, { readonly attending: readonly string[]; readonly favourites: readonly string[] }>
> = {
  'ngaire-holloway': { attending: ['whakatau', 'poroporoaki'], favourites: ['farm'] },
  'hemi-rangihuna': { attending: ['whakatau', 'walk', 'poroporoaki'], favourites: ['trapping'] },
  'mere-tawhai': { attending: ['whakatau', 'repo', 'sensors', 'walk'], favourites: ['farm', 'seed'] },
  'sefa-leota': { attending: ['whakatau', 'sensors', 'walk', 'tamariki'], favourites: ['radio'] },
  'priya-nair': { attending: ['whakatau', 'soil', 'trapping', 'farm'], favourites: ['sensors', 'nursery'] },
  'wiremu-paraone': { attending: ['whakatau', 'seed', 'nursery'], favourites: ['repo'] },
  'ruth-calder': { attending: ['repo', 'trapping', 'radio'], favourites: ['seed'] },
  'tomasi-vake': { attending: ['seed', 'nursery'], favourites: ['soil', 'farm'] },
  'lena-brandt': { attending: ['sensors', 'radio'], favourites: ['walk'] },
  'aroha-potiki': { attending: ['whakatau', 'repo', 'sensors', 'walk', 'farm'], favourites: ['soil', 'nursery'] },
  'jack-whitcombe': { attending: ['whakatau', 'repo', 'walk', 'tamariki'], favourites: ['sensors', 'nursery'] },
  'moana-te-aho': { attending: ['whakatau', 'farm', 'poroporoaki'], favourites: ['seed'] },
};

interface DemoMeeting {
  readonly from: string;
  readonly to: string;
  readonly title: string;
  readonly place: string;
  readonly note: string;
  /** Session it begins with, and how many minutes later. */
  readonly at: readonly [session: string, minutes: number];
  readonly agreed: boolean;
  readonly agenda: readonly string[];
}

const DEMO_MEETINGS: readonly DemoMeeting[] = [
  {
    from: 'priya-nair',
    to: 'aroha-potiki',
    title: 'Eight winters of nitrate readings',
    place: 'Wharekai, table by the window',
    note: 'Bring the biscuit tin. I bring a scanner and the pudding.',
    at: ['lunch-one', 15],
    agreed: true,
    agenda: ['Which years have gaps', 'Who may see the figures', 'A second probe below the ford'],
  },
  {
    from: 'jack-whitcombe',
    to: 'sefa-leota',
    title: 'Two gauges for a class of thirty',
    place: 'Stand 7',
    note: 'They have forty dollars and a great deal of patience.',
    at: ['lunch-two', 15],
    agreed: false,
    agenda: ['What nine-year-olds can solder'],
  },
];

export interface DemoPlansOptions {
  readonly event: string;
  readonly now: number;
  readonly sessions: readonly { readonly id: string; readonly session: { readonly starts_at: number } }[];
  readonly replica: Replica;
}

/** Marks, attendance and meetings of the people of the demo. */
export function planChanges(options: DemoPlansOptions): Changes {
  return [...markChanges(), ...attendanceChanges(options.event), ...meetingChanges(options)];
}

function markChanges(): Changes {
  return Object.entries(PLANS).flatMap(([user, sets]) =>
    Object.entries(sets).map(([key, elements]) =>
      put(PERSONAL_DOCUMENTS, recordKey(user, key), setOf(elements, BEFORE_OPERATIONS)),
    ),
  );
}

function attendanceChanges(event: string): Changes {
  const going = Map.groupBy(
    Object.values(PLANS).flatMap(({ attending }) => attending),
    (session) => session,
  );
  return [...going].map(([session, { length }]) => {
    const counter = new PNCounter();
    counter.increment('before', length);
    return put(ATTENDANCE, recordKey(event, session), counter.state());
  });
}

function meetingChanges(options: DemoPlansOptions): Changes {
  return DEMO_MEETINGS.flatMap((meeting) => {
    const [session, minutes] = meeting.at;
    const begins = options.sessions.find(({ id }) => id === session)?.session.starts_at ?? options.now;
    const starts_at = begins + minutes * 60_000;
    const id = stableId(options.now, `${meeting.from}/${meeting.to}/${meeting.title}`);
    const state = meetingState(id, meeting, starts_at, options);
    return [
      put(MEETINGS, id, state),
      ...meetingEffects({ meeting: id, before: null, after: state, now: options.now }).changes,
    ];
  });
}

/** The document that the two would have made by their operations. */
function meetingState(id: string, meeting: DemoMeeting, starts_at: number, options: DemoPlansOptions): DocumentState {
  const { from, to, title, place, note, agreed, agenda } = meeting;
  const { replica, now } = options;
  let state: DocumentState | null = null;
  const say = (by: string, subtype: string, payload: object): void => {
    const envelope: Envelope = {
      id,
      type: 'meeting',
      subtype,
      from: { user_id: by },
      to: { type: 'user', id: by === from ? to : from },
      payload: { meeting: id, ...payload },
      timestamp: now,
    };
    state = applyOperation(`meeting/${id}`, state, envelope);
  };
  const asked = replica.next();
  say(from, 'request', { ...asked, title, place, note, starts_at, ends_at: starts_at + 30 * 60_000 });
  let after: string | null = null;
  for (const text of agenda) {
    const said = replica.next();
    say(from, 'agenda_change', { ...said, change: { op: 'insert', item: said.dot, after, text } });
    after = said.dot;
  }
  if (agreed) say(to, 'accept', { ...replica.next(), proposal: asked.dot });
  return state ?? { v: 1 };
}
