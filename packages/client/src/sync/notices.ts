import type { SessionView } from '@konferenco/core';
import { noticesOf } from '@konferenco/core/sync/notices';
import { sessionWrites } from '@konferenco/core/sync/session-document';
import { msOf } from '@konferenco/core/sync/stamp';
import type { Envelope } from '@konferenco/protocol';
import type { ProgrammeNotice } from './types.ts';

/** A session as the person last saw it, and when somebody else changed it since (Unix ms); 0: nobody did. */
interface Seen {
  readonly view: SessionView;
  readonly at: number;
}

/**
 * What a person last saw of the sessions they marked or go to. Notices are what differs from that: however many changes
 * came, and however often the program was started in between, each session has one.
 */
export type Sightings = Readonly<Record<string, Seen>>;

export interface SightingInput {
  /** Sessions that the person marked or goes to. */
  readonly cared: ReadonlySet<string>;
  /** Sessions as the server's log says. */
  readonly sessions: ReadonlyMap<string, SessionView>;
  /** Operations that came now. */
  readonly applied: readonly Envelope[];
  readonly me: string;
  /** Unix ms. */
  readonly now: number;
}

/** The sightings after a change. The same object when nothing is different. */
export function sighted(before: Sightings, input: SightingInput): Sightings {
  const after: Record<string, Seen> = {};
  let isSame = true;
  for (const id of input.cared) {
    const current = input.sessions.get(id);
    const known = Object.hasOwn(before, id) ? before[id] : undefined;
    const seen = known ? dated(touched(known, id, input), current, input.now) : current && { view: current, at: 0 };
    if (seen) after[id] = seen;
    isSame &&= seen === known;
  }
  return isSame && Object.keys(after).length === Object.keys(before).length ? before : after;
}

/** The person has looked: what is there now is what they saw. */
export function allSeen(before: Sightings, sessions: ReadonlyMap<string, SessionView>): Sightings {
  return Object.fromEntries(
    Object.entries(before).map(([id, seen]) => [id, { view: sessions.get(id) ?? seen.view, at: 0 }]),
  );
}

/** Newest first. */
export function noticesFrom(
  sightings: Sightings,
  sessions: ReadonlyMap<string, SessionView>,
): readonly ProgrammeNotice[] {
  return Object.entries(sightings)
    .flatMap(([session, { view, at }]): ProgrammeNotice[] => {
      const current = sessions.get(session);
      const changes = current ? noticesOf(view, current) : [];
      return current && changes.length > 0 ? [{ session, title: current.title, changes, at }] : [];
    })
    .sort((a, b) => b.at - a.at || (a.session < b.session ? -1 : 1));
}

/** A snapshot brings changes without their times. */
function dated(seen: Seen, current: SessionView | undefined, now: number): Seen {
  return seen.at === 0 && current && noticesOf(seen.view, current).length > 0 ? { ...seen, at: now } : seen;
}

/** What one changed oneself was seen; what others changed dates the notice. */
function touched(seen: Seen, session: string, { applied, me }: SightingInput): Seen {
  let { view, at } = seen;
  for (const envelope of applied) {
    const said = envelope.payload as { readonly session?: string; readonly at?: number };
    if (envelope.type !== 'schedule' || said.session !== session || said.at === undefined) continue;
    if (envelope.from.user_id !== me) at = Math.max(at, msOf(said.at));
    else view = { ...view, ...Object.fromEntries(sessionWrites(envelope).map(([field, { value }]) => [field, value])) };
  }
  return view === seen.view && at === seen.at ? seen : { view, at };
}
