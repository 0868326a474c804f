import { LIMITS, type LogName } from '@konferenco/protocol';
import type { Replica } from './replica.ts';
import type { Wire } from './request.ts';
import type { TimelineGap } from './types.ts';

export interface PagesOptions {
  readonly log: LogName;
  readonly wire: Wire;
  readonly replica: Replica;
  readonly changed: () => void;
}

/** Entries in a page of a conversation; a screen and some. */
const PAGE = 50;

/** Loads what lies before the point where following began, and what was skipped after it. */
export class Pages {
  readonly #options: PagesOptions;
  /** Everything from here on is loaded or followed; `null` before the start. */
  #low: number | null = null;
  #first = 0;
  #loading: Promise<void> | null = null;
  #fetches = 0;
  #loadedAny = false;
  #generation = 0;

  constructor(options: PagesOptions) {
    this.#options = options;
  }

  get hasOlder(): boolean {
    return this.#low !== null && this.#low > Math.max(this.#first, 1);
  }

  get loading(): boolean {
    return this.#fetches > 0;
  }

  /** True once a page was loaded, or when there was nothing to load. */
  get loadedAny(): boolean {
    return this.#loadedAny || (this.#low !== null && !this.hasOlder);
  }

  begin(position: number, first: number): void {
    this.#low = position + 1;
    this.#first = first;
  }

  /** What lies before `low` was forgotten. */
  trimmed(low: number): void {
    this.#low = low;
    this.#loadedAny = false;
  }

  reset(): void {
    this.#generation++;
    this.#low = null;
    this.#loading = null;
    this.#loadedAny = false;
  }

  /** Entries after `offset` that are not loaded: how many, not what they are. */
  unloadedAfter(offset: number): number {
    if (this.#low === null) return 0;
    return Math.max(0, this.#low - 1 - Math.max(offset, this.#first - 1));
  }

  /** The page before the oldest loaded one; several calls share one fetch. */
  older(): Promise<void> {
    if (!this.hasOlder) return Promise.resolve();
    this.#loading ??= this.#counted(() => this.#older()).finally(() => {
      this.#loading = null;
    });
    return this.#loading;
  }

  /** The entries of a gap, page by page. */
  fill(gap: TimelineGap): Promise<void> {
    return this.#counted(() => this.#fill(gap));
  }

  async #older(): Promise<void> {
    const { wire, log, replica } = this.#options;
    const generation = this.#generation;
    const before = this.#low ?? 1;
    const page = await wire.ask('history', { log, before, limit: PAGE });
    if (generation !== this.#generation) return;
    replica.insert(page.items);
    if (page.gap) replica.addGap({ kind: 'gap', ...page.gap });
    this.#first = page.first;
    const oldest = page.items[0]?.offset ?? page.first;
    this.#low = page.has_more ? Math.min(oldest, before) : Math.max(page.first, 1);
    this.#loadedAny = true;
  }

  async #fill(gap: TimelineGap): Promise<void> {
    const { wire, log, replica } = this.#options;
    const generation = this.#generation;
    let after = gap.from - 1;
    while (after < gap.to) {
      const page = await wire.ask('history', { log, after, limit: Math.min(LIMITS.page, gap.to - after) });
      if (generation !== this.#generation) return;
      const items = page.items.filter((item) => item.offset <= gap.to);
      replica.insert(items);
      this.#options.changed();
      const last = items.at(-1)?.offset;
      if (last === undefined || !page.has_more) break;
      after = last;
    }
    replica.removeGap(gap);
  }

  async #counted(fetch: () => Promise<void>): Promise<void> {
    this.#fetches++;
    this.#options.changed();
    try {
      await fetch();
    } finally {
      this.#fetches--;
      this.#options.changed();
    }
  }
}
