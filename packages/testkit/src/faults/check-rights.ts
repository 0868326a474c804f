import { type LogName, parseLogName } from '@konferenco/protocol';
import type { InboxStored } from './history.ts';
import type { HistoryIndex, Session } from './history-index.ts';
import type { Violation } from './violation.ts';

/** Nobody was sent what is not theirs to read; every direct message stands in both inboxes once. */
export function checkRights(index: HistoryIndex): Violation[] {
  return [
    ...[...index.sessions.values()].flatMap((session) => checkHearing(index, session)),
    ...[...index.inboxes.values()].flatMap((inbox) => checkInbox(index, inbox)),
    ...checkPointers(index),
  ];
}

/** Whether somebody may read a log, as far as the history says. */
function mayRead({ members }: HistoryIndex, user: string, log: LogName): boolean {
  const address = parseLogName(log);
  switch (address?.kind) {
    case 'direct':
      return address.users.includes(user);
    case 'inbox':
    case 'personal':
      return address.user === user;
    case 'channel':
      return members.get(log)?.has(user) ?? true;
    case 'event':
      return true;
    case undefined:
      return false;
  }
}

function checkHearing(index: HistoryIndex, { session, user, wire, tellings }: Session): Violation[] {
  const told = [...tellings].map(([log, [first]]) => [log, `told of @${first?.offset}`] as const);
  return [...wire, ...told].flatMap(([log, frame]): Violation[] =>
    mayRead(index, user, log)
      ? []
      : [{ kind: 'cross_delivery', log, words: `session ${session} of ${user} was sent ${log} (${frame})` }],
  );
}

function checkInbox(index: HistoryIndex, { user, first, head, entries }: InboxStored): Violation[] {
  const log = `in:${user}`;
  const begin = entries.length === 0 && head === 0 ? 1 : first;
  const violations: Violation[] = [];
  const wrong = entries.findIndex(({ inbox }, place) => inbox !== begin + place);
  if (wrong >= 0 || entries.length !== head - begin + 1)
    violations.push({
      kind: 'offset_hole',
      log,
      words: `${log} does not run from @${begin} to @${head} without a hole`,
    });
  const pointed = new Set<string>();
  for (const entry of entries) {
    const to = `${entry.log} @${entry.offset}`;
    const about = `${log} @${entry.inbox} points at ${to}`;
    if (pointed.has(to)) violations.push({ kind: 'inbox_double', log, words: `${about}, as an earlier entry does` });
    pointed.add(to);
    const state = index.stored.get(entry.log);
    if (!mayRead(index, user, entry.log) || (state && (entry.offset < 1 || entry.offset > state.head)))
      violations.push({ kind: 'inbox_foreign', log, words: `${about}, which is not theirs or not there` });
  }
  return violations;
}

function checkPointers({ stored, inboxes }: HistoryIndex): Violation[] {
  const pointed = new Map(
    [...inboxes].map(([user, { entries }]) => [user, new Set(entries.map(({ log, offset }) => `${log} ${offset}`))]),
  );
  return [...stored.values()].flatMap(({ log, entries }) => {
    const address = parseLogName(log);
    const people = address?.kind === 'direct' ? address.users : address?.kind === 'personal' ? [address.user] : [];
    return [...new Set(people)].flatMap((user) => {
      const inbox = inboxes.get(user);
      const known = pointed.get(user);
      // An inbox that was trimmed has lost its oldest pointers by right.
      if (!inbox || !known || inbox.first > 1) return [];
      return entries
        .filter(({ offset }) => !known.has(`${log} ${offset}`))
        .map(
          ({ offset }): Violation => ({
            kind: 'inbox_missing',
            log,
            words: `${log} @${offset} is not in the inbox of ${user}`,
          }),
        );
    });
  });
}
