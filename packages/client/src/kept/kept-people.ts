import type { User } from '@konferenco/protocol';
import { Signal } from '../events.ts';
import type { People } from './types.ts';
import type { WriteBehind } from './write-behind.ts';

/** Profiles kept; those not seen for longest are forgotten first. */
export const PEOPLE_MAX = 500;

/** That somebody was seen again is written this often. */
const SEEN_EVERY_MS = 3_600_000;

interface PersonRow {
  readonly user: User;
  /** Unix ms. */
  readonly seen_at: number;
}

/** Profiles this device has seen, so that names are known without a network. */
export class KeptPeople implements People {
  readonly #writes: WriteBehind;
  readonly #now: () => number;
  readonly #changes = new Signal();
  /** Longest unseen first. */
  #rows = new Map<string, PersonRow>();

  constructor(writes: WriteBehind, now: () => number) {
    this.#writes = writes;
    this.#now = now;
  }

  get(id: string): User | undefined {
    return this.#rows.get(id)?.user;
  }

  all(): readonly User[] {
    return [...this.#rows.values()].map(({ user }) => user);
  }

  subscribe(fn: () => void): () => void {
    return this.#changes.subscribe(fn);
  }

  learn(users: readonly User[]): void {
    let changed = false;
    for (const { id, name, about } of users) {
      const known = this.#rows.get(id);
      const isSame = known?.user.name === name && known?.user.about === about;
      if (known && isSame && this.#now() - known.seen_at < SEEN_EVERY_MS) continue;
      changed ||= !isSame;
      const user: User = { id, name, ...(about === undefined ? {} : { about }) };
      const row = { user, seen_at: this.#now() };
      this.#rows.delete(id);
      this.#rows.set(id, row);
      this.#writes.put('people', id, row);
    }
    for (const id of [...this.#rows.keys()].slice(0, Math.max(0, this.#rows.size - PEOPLE_MAX))) {
      this.#rows.delete(id);
      this.#writes.put('people', id, undefined);
    }
    if (changed) this.#changes.emit();
  }

  load(rows: readonly unknown[]): void {
    const sorted = (rows as readonly PersonRow[]).toSorted((a, b) => a.seen_at - b.seen_at);
    this.#rows = new Map(sorted.map((row) => [row.user.id, row]));
    this.#changes.emit();
  }
}

/** The profiles in an answer: itself, of oneself, or those of a list's members. */
export function usersIn(response: unknown): readonly User[] {
  const { user, items, id, name } = response as Partial<User> & {
    readonly user?: User;
    readonly items?: readonly { readonly user?: User }[];
  };
  if (user) return [user];
  if (items) return items.flatMap((item) => item.user ?? []);
  return id !== undefined && name !== undefined ? [response as User] : [];
}
