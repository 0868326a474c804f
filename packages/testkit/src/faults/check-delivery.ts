import { type LogName, parseLogName } from '@konferenco/protocol';
import type { GapSeen, LogStored } from './history.ts';
import { type Following, type HistoryIndex, nameOf, type Session, type Telling } from './history-index.ts';
import type { Violation } from './violation.ts';

/** Everybody was told of what they followed: each entry once, in order, as it is stored, or of a gap that is one. */
export function checkDelivery(index: HistoryIndex): Violation[] {
  const sessions = [...index.sessions.values()];
  return [
    ...sessions.flatMap((session) => checkSession(index, session)),
    ...sessions.filter(({ last }) => last).flatMap((session) => checkDirect(index, session)),
  ];
}

function checkSession(index: HistoryIndex, session: Session): Violation[] {
  const violations: Violation[] = [];
  for (const [log, tellings] of session.tellings) {
    violations.push(...checkSequence(session, log, tellings), ...checkContent(index, session, { log, tellings }));
    if (parseLogName(log)?.kind === 'direct')
      violations.push(...checkHoles(session, log, { tellings, after: (tellings[0]?.offset ?? 1) - 1 }));
  }
  for (const [log, followings] of session.followings)
    for (const following of followings) violations.push(...checkFollowing(index, session, { log, following }));
  for (const [log, gaps] of session.gaps)
    for (const gap of gaps) violations.push(...checkGap(index.stored.get(log), session, gap));
  return violations;
}

/** Strictly rising. */
function checkSequence({ session }: Session, log: LogName, tellings: readonly Telling[]): Violation[] {
  const told = new Set<number>();
  let newest = 0;
  return tellings.flatMap(({ offset }): Violation[] => {
    const twice = told.has(offset);
    const late = offset < newest;
    told.add(offset);
    newest = Math.max(newest, offset);
    if (twice)
      return [{ kind: 'delivered_twice', log, words: `session ${session} was told of ${log} @${offset} twice` }];
    if (late)
      return [
        {
          kind: 'delivered_out_of_order',
          log,
          words: `session ${session} was told of ${log} @${offset} after @${newest}`,
        },
      ];
    return [];
  });
}

function checkContent(
  { stored, byId }: HistoryIndex,
  { session }: Session,
  { log, tellings }: { readonly log: LogName; readonly tellings: readonly Telling[] },
): Violation[] {
  const state = stored.get(log);
  if (!state) return [];
  return tellings.flatMap(({ offset, body, place }): Violation[] => {
    if (offset < state.first) return [];
    const entry = state.entries[offset - state.first];
    const about = `session ${session} was told of ${log} @${offset}`;
    if (entry?.offset !== offset) return [{ kind: 'delivered_phantom', log, words: `${about}, which is not stored` }];
    if (!entry.gone && entry.body !== body)
      return [
        { kind: 'delivered_altered', log, words: `${about} (id ${entry.id}) and heard something else than is stored` },
      ];
    const operation = byId.get(entry.id);
    if (operation && place < operation.began)
      return [{ kind: 'delivered_early', log, words: `${about} before ${nameOf(operation)} was sent` }];
    return [];
  });
}

function checkFollowing(
  { stored }: HistoryIndex,
  session: Session,
  { log, following }: { readonly log: LogName; readonly following: Following },
): Violation[] {
  const { after, begin, end } = following;
  const tellings = (session.tellings.get(log) ?? []).slice(begin, end ?? undefined);
  const violations = checkHoles(session, log, { tellings, after });
  if (end === null && session.last) {
    const head = stored.get(log)?.head ?? 0;
    violations.push(...checkTail(session, log, { from: Math.max(after, newestOf(tellings)) + 1, to: head }));
  }
  return violations;
}

/** Between what was told, nothing is missing that no gap marker names. */
function checkHoles(
  session: Session,
  log: LogName,
  { tellings, after }: { readonly tellings: readonly Telling[]; readonly after: number },
): Violation[] {
  const violations: Violation[] = [];
  let newest = after;
  for (const { offset } of tellings) {
    const missing = unexplained(session.gaps.get(log), newest + 1, offset - 1);
    if (missing !== null)
      violations.push({
        kind: 'hole',
        log,
        words: `session ${session.session} was told of ${log} @${offset} after @${newest}, and of no gap at @${missing}`,
      });
    newest = Math.max(newest, offset);
  }
  return violations;
}

function checkTail(session: Session, log: LogName, { from, to }: Stretch): Violation[] {
  const missing = unexplained(session.gaps.get(log), from, to);
  if (missing === null) return [];
  return [
    {
      kind: 'never_delivered',
      log,
      words: `session ${session.session}, connected to the end, was never told of ${log} @${missing}; the log reaches to @${to}`,
    },
  ];
}

interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** The first offset of the stretch that no gap marker names; `null`: there is none. */
function unexplained(gaps: readonly GapSeen[] = [], from: number, to: number): number | null {
  for (let offset = from; offset <= to; ) {
    const gap = gaps.find((one) => one.from <= offset && offset <= one.to);
    if (!gap) return offset;
    offset = gap.to + 1;
  }
  return null;
}

/**
 * Direct messages come by the inbox, whose place the device's sessions hand on: together they were told of every one. What
 * a session was told and had not acknowledged at its end is told again to the next.
 */
function checkDirect(index: HistoryIndex, session: Session): Violation[] {
  const own = [...index.sessions.values()].filter(({ user }) => user === session.user);
  return [...index.stored.values()].flatMap(({ log, first, head }) => {
    const address = parseLogName(log);
    if (address?.kind !== 'direct' || !address.users.includes(session.user)) return [];
    const told = new Set(own.flatMap(({ tellings }) => (tellings.get(log) ?? []).map(({ offset }) => offset)));
    const gaps = own.flatMap((one) => one.gaps.get(log) ?? []);
    for (let offset = Math.max(first, 1); offset <= head; offset++) {
      if (told.has(offset) || unexplained(gaps, offset, offset) === null) continue;
      const words = `${session.user}, connected to the end, was never told of ${log} @${offset}; the log reaches to @${head}`;
      return [{ kind: 'never_delivered', log, words }];
    }
    return [];
  });
}

/** A marker of `skipped` names what the log holds; one of retention, what it does not any more. Nothing here is damaged. */
function checkGap(state: LogStored | undefined, { session }: Session, { log, from, to, reason }: GapSeen): Violation[] {
  if (!state) return [];
  const about = `session ${session} was told of a gap (${reason}) in ${log} @${from} to @${to}`;
  if (to > state.head) return [{ kind: 'false_gap', log, words: `${about}; the log reaches to @${state.head}` }];
  if (reason === 'skipped') return [];
  const there = state.entries.find(({ offset, gone }) => from <= offset && offset <= to && !gone);
  return there ? [{ kind: 'false_gap', log, words: `${about}; @${there.offset} is stored and whole` }] : [];
}

function newestOf(tellings: readonly Telling[]): number {
  return tellings.reduce((newest, { offset }) => Math.max(newest, offset), 0);
}
