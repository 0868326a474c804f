import type { Bus, Changes, Clock, FeedPosition, LogHead, Store } from '@konferenco/core';
import { inboxLog, type LogName, parseLogName } from '@konferenco/protocol';
import type { FanOut } from './fan-out.ts';
import type { Hub } from './hub.ts';

/** Pause between two turns. */
const TURN_MS = 1_000;
/** How long copies of what the store already has may still be on their way. */
const GRACE_MS = 250;
/** Logs and inboxes looked at in one turn; of more than these a fifth. */
const FEW = 1_000;
const TURNS_FOR_ALL = 5;
/** Logs and inboxes read from the store in one turn: a node that is late with everything is not to be made later. */
const MOST_REPAIRS = 200;
/** Turns for which a log is remembered that nobody was told the place of: it was opened a moment ago, or never will be. */
const PATIENCE = 10;

export interface HeadCheckDeps {
  readonly hub: Pick<Hub, 'logs' | 'users' | 'userNames' | 'connectionsOf'>;
  readonly fanOut: Pick<FanOut, 'repair' | 'repairInbox'>;
  readonly store: Pick<Store, 'states'>;
  /** Absent: everything heard here is looked at, again and again. */
  readonly changes: Changes | undefined;
  readonly bus: Pick<Bus, 'caughtUp'>;
  readonly clock: Clock;
}

/** A look at everything heard here, some turns long. */
interface Look {
  readonly names: readonly LogName[];
  /** What grows after this, the look may miss. */
  readonly position: FeedPosition | null;
  next: number;
}

/** Where a log or inbox stands in the store, and the turns since. */
interface Suspect {
  readonly head: number;
  readonly turns: number;
}

/**
 * Finds live copies that a lossy bus lost and that nothing came after: compares where the store says that logs and inboxes stand
 * with what this node delivered of those heard here, and has the rest read from there.
 *
 * Each turn asks the store what grew since the last one, so that silence costs nothing. Where that is more than a fifth of what is
 * heard here, or the store cannot say, everything is looked at once, a fifth in a turn, before it is asked again.
 */
export class HeadCheck {
  readonly #deps: HeadCheckDeps;
  #cancel: () => void = () => {};
  #closed = false;
  /** Whatever grew up to here was compared, or is suspect. */
  #position: FeedPosition | null = null;
  #look: Look | null = null;
  /** What was not level with the store when it was last compared. */
  readonly #suspects = new Map<LogName, Suspect>();

  constructor(deps: HeadCheckDeps) {
    this.#deps = deps;
    this.#plan();
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  #plan(): void {
    if (this.#closed) return;
    // A store that cannot be read now is asked again at the next turn, for the same.
    this.#cancel = this.#deps.clock.after(
      TURN_MS,
      () =>
        void this.#turn().then(
          () => this.#plan(),
          () => this.#plan(),
        ),
    );
  }

  async #turn(): Promise<void> {
    const { hub, changes } = this.#deps;
    if (!this.#look) {
      const changed = await changes?.changedSince(this.#position, share(hub.logs.size + hub.users));
      if (changed?.heads) {
        this.#suspect(changed.heads);
        this.#position = changed.position;
      } else {
        // Looked up after the answer: what is opened from now on knows of everything before the position.
        this.#look = { names: this.#heard(), position: changed?.position ?? null, next: 0 };
      }
    }
    if (this.#look) await this.#lookOn(this.#look);
    if (this.#suspects.size > 0) await this.#settle();
  }

  #heard(): readonly LogName[] {
    const { hub } = this.#deps;
    return [...hub.logs.keys(), ...[...hub.userNames()].map(inboxLog)];
  }

  /** Compares the next part; after the last one the store is asked for changes again. */
  async #lookOn(look: Look): Promise<void> {
    const names = look.names.slice(look.next, look.next + share(look.names.length));
    const states = names.length === 0 ? [] : await this.#deps.store.states(names);
    this.#suspect(names.map((name, index) => ({ name, head: states[index]?.head ?? 0 })));
    look.next += names.length;
    if (look.next < look.names.length) return;
    this.#look = null;
    this.#position = look.position;
  }

  #suspect(heads: readonly LogHead[]): void {
    for (const { name, head } of heads) {
      if (this.#standing(name, head) === 'level') this.#suspects.delete(name);
      else this.#suspects.set(name, { head, turns: 0 });
    }
  }

  /** Waits for copies that are on their way, then reads what of the suspects still has not come. */
  async #settle(): Promise<void> {
    const { clock, bus } = this.#deps;
    await new Promise<void>((resolve) => clock.after(GRACE_MS, resolve));
    await bus.caughtUp?.();
    const repairs: Promise<void>[] = [];
    for (const [name, { head, turns }] of this.#suspects) {
      const standing = this.#standing(name, head);
      if (standing === 'unknown' && turns < PATIENCE) this.#suspects.set(name, { head, turns: turns + 1 });
      else if (standing !== 'behind') this.#suspects.delete(name);
      else if (repairs.push(this.#repair(name)) === MOST_REPAIRS) break;
    }
    await Promise.all(repairs);
  }

  /** Reads a page of it. It stays suspect, behind the others, until a later turn finds it level. */
  async #repair(name: LogName): Promise<void> {
    const { hub, fanOut } = this.#deps;
    const user = userOf(name);
    const live = hub.logs.get(name);
    if (user !== null) await fanOut.repairInbox(user, Math.min(...this.#told(name).filter((at) => at !== null)));
    else if (live) await fanOut.repair(live);
    const suspect = this.#suspects.get(name);
    this.#suspects.delete(name);
    if (suspect) this.#suspects.set(name, suspect);
  }

  /** `unknown`: somebody who hears it has not been told its place yet, and nobody is behind. */
  #standing(name: LogName, head: number): 'level' | 'behind' | 'unknown' {
    const told = this.#told(name);
    if (told.some((at) => at !== null && at < head)) return 'behind';
    return told.includes(null) ? 'unknown' : 'level';
  }

  /** Up to where those who hear it here were told; `null`: not even where it stands. */
  #told(name: LogName): readonly (number | null)[] {
    const { hub } = this.#deps;
    const user = userOf(name);
    if (user !== null) return hub.connectionsOf(user).map(({ inboxHead }) => inboxHead);
    const live = hub.logs.get(name);
    return live ? [live.sequencer.position] : [];
  }
}

/** How much of all is looked at in one turn. */
function share(all: number): number {
  return Math.max(FEW, Math.ceil(all / TURNS_FOR_ALL));
}

/** Whose inbox it is; `null`: it is a log. */
function userOf(name: LogName): string | null {
  const address = parseLogName(name);
  return address?.kind === 'inbox' ? address.user : null;
}
