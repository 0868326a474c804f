import { personalLog } from '@konferenco/protocol';
import type { AttendanceShown, Effect, PersonalSetName, StateShown } from './history.ts';
import type { HistoryIndex } from './history-index.ts';
import type { Violation, ViolationKind } from './violation.ts';

/**
 * Every stored operation on replicated state took effect once, wherever somebody looks. What an operation says is taken from
 * its invocation, that it is stored from the final read of the logs; the order of a log does not matter, since additions and
 * removals name each other and the last of several writes is told by their stamps.
 */
export function checkEffects(index: HistoryIndex): Violation[] {
  const expected = expectedOf(index);
  return [
    ...index.states.flatMap((shown) => checkState(expected, shown)),
    ...index.attendances.flatMap((shown) => checkAttendance(expected, shown)),
    ...checkLooked(index),
  ];
}

interface Meeting {
  readonly by: string;
  readonly with: string;
  agreed: boolean;
}

/** What stands after all stored operations. */
class Expected {
  /** Additions by `user set element`, as dots. */
  readonly #added = new Map<string, Set<string>>();
  readonly #removed = new Set<string>();
  readonly #written = new Map<string, { readonly value: string; readonly stamp: number }>();
  readonly #meetings = new Map<string, Meeting>();

  take(user: string, effect: Exclude<Effect, { readonly kind: 'accept' }>): void {
    switch (effect.kind) {
      case 'add': {
        const key = `${user} ${effect.set} ${effect.element}`;
        this.#added.set(key, (this.#added.get(key) ?? new Set()).add(effect.dot));
        return;
      }
      case 'remove':
        for (const tag of effect.tags) this.#removed.add(tag);
        return;
      case 'write':
        if (effect.stamp > (this.#written.get(user)?.stamp ?? 0)) this.#written.set(user, effect);
        return;
      case 'request':
        this.#meetings.set(effect.meeting, { by: user, with: effect.with, agreed: false });
        return;
    }
  }

  /** Once all requests are known. */
  accept(meeting: string): void {
    const known = this.#meetings.get(meeting);
    if (known) known.agreed = true;
  }

  set(user: string, set: PersonalSetName): ReadonlySet<string> {
    const begin = `${user} ${set} `;
    const standing = [...this.#added].filter(
      ([key, dots]) => key.startsWith(begin) && [...dots].some((dot) => !this.#removed.has(dot)),
    );
    return new Set(standing.map(([key]) => key.slice(begin.length)));
  }

  about(user: string): string | null {
    return this.#written.get(user)?.value ?? null;
  }

  /** As one of the two is to see them, in words that are equal for equal meetings. */
  meetings(user: string): ReadonlySet<string> {
    const own = [...this.#meetings].filter(([, meeting]) => meeting.by === user || meeting.with === user);
    return new Set(
      own.map(([id, meeting]) =>
        meetingWords({ id, with: meeting.by === user ? meeting.with : meeting.by, agreed: meeting.agreed }),
      ),
    );
  }

  attendance(session: string): number {
    const end = ` attending ${session}`;
    const going = [...this.#added].filter(
      ([key, dots]) => key.endsWith(end) && [...dots].some((dot) => !this.#removed.has(dot)),
    );
    return going.length;
  }

  sessions(): readonly string[] {
    return [...this.#added.keys()].flatMap((key) => / attending (.*)$/.exec(key)?.[1] ?? []);
  }
}

function meetingWords({ id, with: other, agreed }: StateShown['meetings'][number]): string {
  return `meeting ${id} with ${other}${agreed ? ', agreed' : ''}`;
}

function expectedOf({ stored, byId }: HistoryIndex): Expected {
  const expected = new Expected();
  const accepted: string[] = [];
  for (const { entries } of stored.values()) {
    for (const { id } of entries) {
      const { user = '', effect } = byId.get(id) ?? {};
      if (effect?.kind === 'accept') accepted.push(effect.meeting);
      else if (effect) expected.take(user, effect);
    }
  }
  for (const meeting of accepted) expected.accept(meeting);
  return expected;
}

function checkState(expected: Expected, shown: StateShown): Violation[] {
  const { user, where } = shown;
  const log = personalLog(user);
  const violations: Violation[] = [];
  const compare = (what: string, wanted: ReadonlySet<string>, seen: readonly string[]) => {
    const add = (kind: ViolationKind, thing: string, fault: string) =>
      violations.push({ kind, log, words: `${where} shows ${user} ${fault} ${thing} (${what})` });
    for (const one of wanted) if (!seen.includes(one)) add('effect_lost', one, 'no');
    for (const [place, one] of seen.entries()) {
      if (!wanted.has(one)) add('effect_phantom', one, 'wrongly');
      else if (seen.indexOf(one) !== place) add('effect_doubled', one, 'twice');
    }
  };
  compare('favourites', expected.set(user, 'favourites'), shown.favourites);
  compare('attending', expected.set(user, 'attending'), shown.attending);
  compare('meetings', expected.meetings(user), shown.meetings.map(meetingWords));
  const about = expected.about(user);
  if (shown.about !== null && shown.about !== about) {
    const words = `${where} shows that ${user} wrote '${shown.about}' about themselves, not '${about}'`;
    violations.push({ kind: about === null ? 'effect_phantom' : 'effect_lost', log, words });
  }
  return violations;
}

/** A counter tells what a set cannot: whether something was done twice. */
function checkAttendance(expected: Expected, { log, where, counts }: AttendanceShown): Violation[] {
  const sessions = new Set([...Object.keys(counts), ...expected.sessions()]);
  return [...sessions].flatMap((session): Violation[] => {
    const [wanted, seen] = [expected.attendance(session), counts[session] ?? 0];
    if (wanted === seen) return [];
    const words = `${where} counts ${seen} at ${session}, where ${wanted} go`;
    return [{ kind: seen > wanted ? 'effect_doubled' : 'effect_lost', log, words }];
  });
}

/** What no node was asked for proves nothing: the state of whoever changed theirs, and the counts. */
function checkLooked({ operations, states, attendances, sessions }: HistoryIndex): Violation[] {
  const people = new Set(operations.flatMap(({ user, effect }) => (effect ? [user] : [])));
  const looked = new Set(states.flatMap(({ user, where }) => (sessions.has(where) ? [] : [user])));
  const isCounted = attendances.some(({ where }) => !sessions.has(where));
  return [...people].flatMap((user): Violation[] => {
    if (looked.has(user) && isCounted) return [];
    const what = isCounted ? `the state of ${user}` : `who goes where, ${user} among them,`;
    return [{ kind: 'unread', log: personalLog(user), words: `no node was asked for ${what} at the end` }];
  });
}
