/** Findings kept; the same one is kept and reported once. */
const KEPT = 100;

/** Collects what an operator must know about the store. */
export class DamageLog {
  readonly #report: ((text: string) => void) | undefined;
  readonly #found = new Set<string>();
  #unlisted = 0;
  #broken: string | null = null;

  constructor(report?: (text: string) => void) {
    this.#report = report;
  }

  /** Why the store can do no more of its work; `null` while it can. */
  get reasonBroken(): string | null {
    return this.#broken;
  }

  damage(text: string): void {
    if (this.#found.has(text)) return;
    if (this.#found.size < KEPT) this.#found.add(text);
    else this.#unlisted++;
    this.#report?.(text);
  }

  broken(reason: string): void {
    this.#broken ??= reason;
  }

  list(): string[] {
    const list = [...this.#found];
    if (this.#unlisted > 0) list.push(`${this.#unlisted} more findings`);
    if (this.#broken !== null) list.push(this.#broken);
    return list;
  }
}
