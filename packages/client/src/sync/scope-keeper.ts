import type { DocumentKey } from '@konferenco/core';
import { coversVersion, type SyncVersion } from '@konferenco/core/sync/sync-version';
import type { LocalChange, LocalStore } from '../storage/local-store.ts';
import { headRow, documentRow, keptDocuments, readHead, type RowWriter, type ScopeHead } from './scope-rows.ts';
import type { Documents } from './scope-state.ts';

/** Own operations known to be in the documents, so that no other program's row brings them back. */
const SETTLED_MAX = 1_000;

export interface ScopeKeeperOptions {
  /** The name its rows go by. */
  readonly scope: string;
  readonly rows: RowWriter;
  /** What the server's log says, as far as it is known now. */
  readonly now: () => { readonly documents: Documents; readonly head: ScopeHead };
}

/**
 * Writes a scope's rows so that the documents never lack what their head says they include, whichever programs of the
 * device write them and whenever one ends. Each write leaves the store as one program knows the scope: nothing is written
 * over what is newer, what changed is written over what is older, and everything where the stored was taken back.
 */
export class ScopeKeeper {
  readonly #options: ScopeKeeperOptions;
  /** Documents that changed since the store had `#base`. */
  #changed = new Set<DocumentKey>();
  /** Those of them in the write that runs. */
  #writing = new Set<DocumentKey>();
  /** The store had at least this; `null`: what is there is to be replaced. */
  #base: SyncVersion | null = '';
  readonly #settled = new Set<string>();

  constructor(options: ScopeKeeperOptions) {
    this.#options = options;
  }

  /** This is what the store had. */
  loaded(version: SyncVersion): void {
    this.#base = version;
  }

  /** Nothing in the store is to be trusted. */
  distrust(): void {
    this.#base = null;
  }

  /** These operations are in the documents. */
  settled(ids: Iterable<string>): void {
    for (const id of ids) this.#settled.add(id);
    for (const id of this.#settled) {
      if (this.#settled.size <= SETTLED_MAX) break;
      this.#settled.delete(id);
    }
  }

  /** The head changed, and these documents. */
  write(changed: Iterable<DocumentKey> = []): void {
    for (const key of changed) this.#changed.add(key);
    let version: SyncVersion = '';
    let holdsChanges = false;
    this.#options.rows.putLate(this.#options.scope, {
      make: async (shared) => {
        const made = shared ? await this.#over(shared) : this.#alone();
        version = made.version;
        holdsChanges = made.holdsChanges;
        return made.rows;
      },
      written: () => {
        if (holdsChanges) this.#writing = new Set();
        if (version !== '') this.#base = version;
      },
    });
  }

  #alone() {
    const { documents, head } = this.#options.now();
    return { version: head.version, holdsChanges: true, rows: this.#rows(this.#due(), documents, head) };
  }

  /** What to write where other programs write, too: `store` has what they wrote. */
  async #over(store: LocalStore) {
    const { scope, now } = this.#options;
    const stored = await readHead(store, scope);
    const base = this.#base;
    const isTrusted = base !== null && stored !== null && coversVersion(stored.version, base);
    const replaced = isTrusted ? [] : await keptDocuments(store, scope);
    const { documents, head: own } = now();
    const { version } = own;
    const head = stored ? this.#joined(own, stored) : own;
    const there = stored?.version ?? '';
    const headAlone = (kept: SyncVersion) => ({
      version,
      holdsChanges: false,
      rows: this.#rows([], documents, { ...head, version: kept }),
    });
    // Nothing is known here yet: what others know stands, unless it was taken back. What changed waits for its version.
    if (version === '') return headAlone(base === null ? '' : there);
    if (isTrusted && coversVersion(there, version)) return headAlone(there);
    const due = this.#due();
    const isDelta = isTrusted && coversVersion(version, there);
    const keys = isDelta ? due : new Set([...replaced, ...documents.keys()]);
    return { version, holdsChanges: true, rows: this.#rows(keys, documents, head) };
  }

  #due(): Iterable<DocumentKey> {
    for (const key of this.#changed) this.#writing.add(key);
    this.#changed = new Set();
    return this.#writing;
  }

  #rows(keys: Iterable<DocumentKey>, documents: Documents, head: ScopeHead): readonly LocalChange[] {
    const { scope } = this.#options;
    return [...[...keys].map((key) => documentRow(scope, key, documents.get(key))), headRow(scope, head)];
  }

  /** This program's head with what another knows of it beside the version. */
  #joined(own: ScopeHead, { synced_at, stored }: ScopeHead): ScopeHead {
    const known = new Set(own.stored.map(({ id }) => id));
    const theirs = stored.filter(({ id }) => !known.has(id) && !this.#settled.has(id));
    const times = [own.synced_at, synced_at].filter((at) => at !== null);
    return { ...own, synced_at: times.length > 0 ? Math.max(...times) : null, stored: [...own.stored, ...theirs] };
  }
}
