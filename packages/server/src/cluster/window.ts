/** Samples of the last `span_ms`, and the newest of those before: what was is compared with what is. */
export class Window<Sample> {
  readonly #span_ms: number;
  readonly #samples: { readonly at: number; readonly sample: Sample }[] = [];

  constructor(span_ms: number) {
    this.#span_ms = span_ms;
  }

  /** Adds the sample taken at `at` (ms). Their number is bounded by how often that happens within the span. */
  push(at: number, sample: Sample): void {
    // Time that went back would keep what is to be forgotten.
    if (at < (this.#samples.at(-1)?.at ?? at)) this.#samples.length = 0;
    this.#samples.push({ at, sample });
    while (this.#samples.length > 2 && (this.#samples[1]?.at ?? at) <= at - this.#span_ms) this.#samples.shift();
  }

  /** The oldest and the newest sample, and the ms between them; `null` as long as there are no two. */
  ends(): { readonly from: Sample; readonly to: Sample; readonly ms: number } | null {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (!first || !last || first.at === last.at) return null;
    return { from: first.sample, to: last.sample, ms: last.at - first.at };
  }
}
