import { freeSlots, programmeHours, type Slot, viewSet } from '@konferenco/core';
import type { Context } from '../accounts/context.ts';
import { roleIn } from '../accounts/membership.ts';
import { listAll } from '../accounts/records.ts';
import { Refused } from '../accounts/refused.ts';
import { loadPersonal } from './personal-store.ts';
import { readSessions } from './programme.ts';
import { USER_MEETINGS } from './records.ts';

const SLOT_MS = 30 * 60_000;
/** How far ahead times are offered. */
const AHEAD_MS = 7 * 86_400_000;
const MOST_SLOTS = 48;
const MOST_MEETINGS = 2_000;

/**
 * Half hours within the event's hours when two people could meet. Says when, never what either has at other times.
 *
 * @throws {Refused} `not_member`, `banned`; `not_found` for whoever one could not write to, so that nothing shows why.
 */
export async function freeTimes(
  context: Context,
  user: string,
  query: { readonly with: string; readonly event: string },
): Promise<Slot[]> {
  const { directory, clock } = context;
  await roleIn(context, query.event, user);
  const [blocked, standing] = await Promise.all([
    directory.blocked(user, query.with),
    directory.standing(query.event, query.with),
  ]);
  if (user === query.with || blocked || standing.kind !== 'member' || !(await directory.user(query.with))) {
    throw new Refused('not_found');
  }
  const now = clock.now();
  const sessions = (await readSessions(context, query.event)).filter(({ cancelled }) => !cancelled);
  const taken = await Promise.all([user, query.with].map((one) => busyTimes(context, one, sessions)));
  const hours = programmeHours(sessions).filter(({ starts_at }) => starts_at < now + AHEAD_MS);
  return freeSlots({ hours, busy: taken.flat(), from: now, length_ms: SLOT_MS, limit: MOST_SLOTS });
}

/** Sessions somebody goes to, and meetings agreed. */
async function busyTimes(
  context: Context,
  user: string,
  sessions: readonly (Slot & { readonly id: string })[],
): Promise<Slot[]> {
  const attending = new Set(viewSet((await loadPersonal(context, user, 'attending')).value));
  const meetings = await listAll(context.store, USER_MEETINGS, `${user}/`, MOST_MEETINGS);
  return [
    ...sessions.filter(({ id }) => attending.has(id)),
    ...meetings.map(({ value }) => value).filter(({ standing }) => standing === 'agreed'),
  ];
}
