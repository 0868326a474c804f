import { type LogName, parseLogName } from '@konferenco/protocol';
import type { AttendanceShown, Effect, StateShown } from '../history.ts';

export const SESSIONS = ['keynote', 'walk'] as const;
const SETS = ['favourites', 'attending'] as const;

/** What somebody's device offers them to do next, from what was done on it before. */
export class ImaginedDevice {
  readonly user: string;
  /** Dots of additions that stand here, by set and element. */
  readonly #standing = new Map<string, string[]>();

  constructor(user: string) {
    this.user = user;
  }

  /** @param which chooses what is done. @param op is different each time, and grows. */
  change(which: number, op: number): Effect {
    const set = SETS[which % 2] ?? 'favourites';
    const element = SESSIONS[(which >> 1) % 2] ?? 'keynote';
    if ((which >> 2) % 4 === 0) return { kind: 'write', value: `version ${op}`, stamp: op };
    const key = `${set} ${element}`;
    const tags = this.#standing.get(key) ?? [];
    if (tags.length > 0) {
      this.#standing.delete(key);
      return { kind: 'remove', set, element, tags };
    }
    const dot = `${this.user}:${op}`;
    this.#standing.set(key, [dot]);
    return { kind: 'add', set, element, dot };
  }
}

type Shown = Omit<StateShown, 'at' | 'kind'>;

/** The state of a system that has carried out what was stored, in the order in which each log has it. */
export class ImaginedState {
  readonly #sets = new Map<string, Map<string, Set<string>>>();
  readonly #about = new Map<string, string>();
  readonly #meetings = new Map<string, { readonly people: readonly string[]; agreed: boolean }>();

  carryOut(user: string, log: LogName, effect: Effect): void {
    switch (effect.kind) {
      case 'add':
        this.#dots(user, effect.set, effect.element).add(effect.dot);
        return;
      case 'remove':
        for (const tag of effect.tags) this.#dots(user, effect.set, effect.element).delete(tag);
        return;
      case 'write':
        this.#about.set(user, effect.value);
        return;
      case 'request': {
        const address = parseLogName(log);
        const people = address?.kind === 'direct' ? address.users : [];
        this.#meetings.set(effect.meeting, { people, agreed: false });
        return;
      }
      case 'accept': {
        const meeting = this.#meetings.get(effect.meeting);
        if (meeting) meeting.agreed = true;
        return;
      }
    }
  }

  shown(user: string, where: string): Shown {
    const meetings = [...this.#meetings].flatMap(([id, { people, agreed }]) =>
      people.includes(user) ? [{ id, with: people.find((one) => one !== user) ?? '', agreed }] : [],
    );
    const set = (name: (typeof SETS)[number]) => SESSIONS.filter((one) => this.#dots(user, name, one).size > 0);
    const about = this.#about.get(user) ?? null;
    return { user, where, favourites: set('favourites'), attending: set('attending'), about, meetings };
  }

  /** A meeting of the two that was not accepted. */
  openBetween(one: string, other: string): string | null {
    const isOpen = ({ people, agreed }: { readonly people: readonly string[]; readonly agreed: boolean }) =>
      !agreed && people.includes(one) && people.includes(other);
    return [...this.#meetings].find(([, meeting]) => isOpen(meeting))?.[0] ?? null;
  }

  counts(users: readonly string[]): AttendanceShown['counts'] {
    return Object.fromEntries(
      SESSIONS.map((session) => [
        session,
        users.filter((user) => this.#dots(user, 'attending', session).size > 0).length,
      ]),
    );
  }

  #dots(user: string, set: string, element: string): Set<string> {
    const sets = this.#sets.get(user) ?? new Map<string, Set<string>>();
    this.#sets.set(user, sets);
    const dots = sets.get(`${set} ${element}`) ?? new Set<string>();
    sets.set(`${set} ${element}`, dots);
    return dots;
  }
}
