import type { LogName } from '@konferenco/protocol';
import { asError } from './errors.ts';
import type { LogKeeping } from './kept/keeping.ts';
import type { Replica } from './replica.ts';
import type { Wire } from './request.ts';
import { isNotes } from './said.ts';
import type { TimelineGap } from './types.ts';

export interface PagesOptions {
  readonly log: LogName;
  readonly wire: Wire;
  readonly replica: Replica;
  readonly kept: () => LogKeeping;
  readonly changed: () => void;
}

/** Entries in a page of a conversation; a screen and some. */
const PAGE = 50;
/** Fewer than these are not worth a turn of their own. */
const SCREEN = 20;
/** Pages loaded at once to fill a screen. */
const MORE_PAGES = 4;
/** Pages of notes to oneself looked through for a note: between them may lie a day of one's own positions. */
const NOTES_PAGES = 20;
/** Holes up to this size are filled without being asked for. */
const HOLE_MAX = 1_000;

/** Loads what lies before the point where following began, from this device or from the server, and what was left out after it. */
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

  /** Everything from here on is loaded or followed; 0: everything. */
  get low(): number {
    return this.hasOlder ? (this.#low ?? 0) : 0;
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

  /** Entries after `offset` that are not loaded: how many, not what they are. Of what only I say nothing is unread. */
  unloadedAfter(offset: number): number {
    if (this.#low === null || isNotes(this.#options.log)) return 0;
    return Math.max(0, this.#low - 1 - Math.max(offset, this.#first - 1));
  }

  /** The page before the oldest loaded one; several calls share one fetch. */
  older(): Promise<void> {
    if (!this.hasOlder) return Promise.resolve();
    this.#loading ??= this.#counted(() => this.#olderShown()).finally(() => {
      this.#loading = null;
    });
    return this.#loading;
  }

  /** Loads on until there is a screen of messages and each has its place, within reason. */
  async fillScreen(): Promise<void> {
    const { replica } = this.#options;
    for (let more = 0; more < MORE_PAGES && this.hasOlder; more++) {
      if (replica.size >= SCREEN && !replica.hasUnplaced(this.low)) return;
      await this.older();
    }
  }

  /** The entries of a gap, page by page. */
  fill(gap: TimelineGap): Promise<void> {
    return this.#counted(() => this.#fill(gap));
  }

  /** Fetches what could not be fetched without a network, one hole after the other. */
  async fillHoles(): Promise<void> {
    for (const hole of this.#options.replica.gaps.offline) if (hole.to - hole.from < HOLE_MAX) await this.fill(hole);
  }

  /** The page before; of notes, on until something is shown, within reason. */
  async #olderShown(): Promise<void> {
    const { log, replica } = this.#options;
    const { size } = replica;
    let pages = isNotes(log) ? NOTES_PAGES : 1;
    do await this.#older();
    while (--pages > 0 && replica.size === size && this.hasOlder);
  }

  async #older(): Promise<void> {
    const { wire, replica, kept } = this.#options;
    const generation = this.#generation;
    const before = this.#low ?? 1;
    let end = before;
    let page = await kept().page(end, PAGE);
    // Without a network a hole is said openly, and what lies below it is shown.
    while (!page && !wire.online && kept().below(end) > 0 && generation === this.#generation) {
      end = kept().below(end) + 1;
      page = await kept().page(end, PAGE);
    }
    if (generation !== this.#generation) return;
    if (!page) return this.#fetchOlder(before);
    replica.insert(page.items);
    for (const gap of page.gaps) replica.gaps.add({ kind: 'gap', ...gap });
    if (end < before) replica.gaps.add({ kind: 'gap', from: end, to: before - 1, reason: 'skipped', offline: true });
    this.#low = page.low;
    this.#loadedAny = true;
    // Less than a screen from here goes with what the server has before it.
    if (page.items.length < SCREEN && this.hasOlder && wire.online) await this.#fetchOlder(page.low);
  }

  async #fetchOlder(before: number): Promise<void> {
    const { wire, log, replica, kept } = this.#options;
    const generation = this.#generation;
    const page = await wire.ask('history', { log, before, limit: PAGE });
    if (generation !== this.#generation) return;
    replica.insert(page.items);
    if (page.gap) replica.gaps.add({ kind: 'gap', ...page.gap });
    this.#first = page.first;
    const oldest = page.items[0]?.offset ?? page.first;
    this.#low = page.has_more ? Math.min(oldest, before) : Math.max(page.first, 1);
    this.#loadedAny = true;
    kept().note({ first: page.first });
    kept().putPage({ items: page.items, from: this.#low, to: before - 1, gap: page.gap });
  }

  async #fill(gap: TimelineGap): Promise<void> {
    const generation = this.#generation;
    // Loaded with the first gap.
    const { fillGap } = await import('./more-history.ts');
    await fillGap(gap, this.#options, () => generation === this.#generation);
  }

  async #counted(fetch: () => Promise<void>): Promise<void> {
    this.#fetches++;
    this.#options.changed();
    try {
      await fetch();
    } catch (thrown) {
      throw asError(thrown);
    } finally {
      this.#fetches--;
      this.#options.changed();
    }
  }
}
