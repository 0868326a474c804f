import type { DocumentKey, DocumentState } from '@konferenco/core';
import { type OwnWrite, standingWrites } from '@konferenco/core/sync/own-writes';
import { type LocalStore, LocalStoreError } from '../storage/local-store.ts';
import type { RowWriter } from './scope-rows.ts';

export const STOOD_ROW = 'own-writes';

/** Scopes of which own writes are remembered; of more the least lately written go. */
const SCOPES_MAX = 20;

type Row = Readonly<Record<string, readonly OwnWrite[]>>;

/** A scope, and its documents as the server's log says. */
export interface ScopeOfWrites {
  readonly name: string;
  readonly confirmed: ReadonlyMap<DocumentKey, DocumentState>;
}

/**
 * Own writes of this device that were stored and stand, by scope: whom somebody overrides who did not know is told, also
 * when it comes days later. Programs of one device remember them together.
 */
export class StoodWrites {
  readonly #rows: RowWriter;
  readonly #now: () => number;
  #known: Row = {};

  /** @param now the server's time, as far as known (Unix ms). */
  constructor(rows: RowWriter, now: () => number) {
    this.#rows = rows;
    this.#now = now;
  }

  load(row: unknown): void {
    this.#known = { ...(row as Row | undefined), ...this.#known };
  }

  of(scope: string): readonly OwnWrite[] {
    return Object.hasOwn(this.#known, scope) ? (this.#known[scope] ?? []) : [];
  }

  /** From now on these are the own writes that may stand in a scope; those that do not are forgotten. */
  put(scope: ScopeOfWrites, writes: readonly OwnWrite[]): void {
    const before = this.of(scope.name);
    const after = this.#standing(scope, writes);
    const isSame = after.length === before.length && after.every((own, index) => own === before[index]);
    if (isSame) return;
    this.#become(scope.name, after);
    this.#rows.putLate(STOOD_ROW, {
      make: async (shared) => {
        const stored = shared ? await readRow(shared) : {};
        const others = Object.entries(stored).filter(([name]) => !Object.hasOwn(this.#known, name));
        this.#known = { ...Object.fromEntries(others), ...this.#known };
        const theirs = Object.hasOwn(stored, scope.name) ? (stored[scope.name] ?? []) : [];
        this.#become(scope.name, this.#standing(scope, [...theirs, ...this.of(scope.name)]));
        return [{ table: 'meta', key: STOOD_ROW, value: this.#known }];
      },
      written: () => {},
    });
  }

  #standing({ confirmed }: ScopeOfWrites, writes: readonly OwnWrite[]): readonly OwnWrite[] {
    return standingWrites(writes, (key) => confirmed.get(key), this.#now());
  }

  #become(scope: string, writes: readonly OwnWrite[]): void {
    const others = Object.entries(this.#known).filter(([name]) => name !== scope);
    const all = writes.length === 0 ? others : [...others, [scope, writes] as const];
    this.#known = Object.fromEntries(all.slice(-SCOPES_MAX));
  }
}

async function readRow(store: LocalStore): Promise<Row> {
  try {
    return ((await store.get('meta', STOOD_ROW)) as Row | undefined) ?? {};
  } catch (thrown) {
    if (!(thrown instanceof LocalStoreError) || thrown.fault !== 'damaged') throw thrown;
    return {};
  }
}
