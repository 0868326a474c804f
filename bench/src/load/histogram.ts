/** Quantiles of what a histogram recorded, in the unit of its values. */
export interface Summary {
  readonly count: number;
  readonly min: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** The content of a histogram. */
export interface Recorded {
  /** Number of a bucket, and how many values are in it. */
  readonly counts: readonly (readonly [number, number])[];
  readonly sum: number;
  /** `null`: nothing was recorded. */
  readonly min: number | null;
  readonly max: number;
}

const SUB_BITS = 7;
const SUB = 2 ** SUB_BITS;
const HALF = SUB / 2;
const BUCKETS = SUB + HALF * 33;

/**
 * A log-linear histogram (the scheme of HdrHistogram): fixed memory, constant time per value, and a relative error
 * of a quantile below 1/64 however long the tail is. Minimum, mean and maximum are exact.
 *
 * Values are times in milliseconds, kept in steps of 1 µs, up to about 12 days.
 */
export class Histogram {
  readonly #counts = new Float64Array(BUCKETS);
  #count = 0;
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = 0;

  get count(): number {
    return this.#count;
  }

  /** Adds one value in milliseconds; a negative one (a clock's step) counts as 0. */
  record(ms: number): void {
    const value = Math.max(ms, 0);
    const bucket = bucketOf(Math.floor(value * 1000));
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#count++;
    this.#sum += value;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }

  /** What was recorded, as JSON carries it from one process to another. */
  dump(): Recorded {
    const counts: [number, number][] = [];
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const count = this.#counts[bucket] ?? 0;
      if (count > 0) counts.push([bucket, count]);
    }
    return { counts, sum: this.#sum, min: this.#count === 0 ? null : this.#min, max: this.#max };
  }

  /** Adds what another histogram recorded. */
  add({ counts, sum, min, max }: Recorded): void {
    for (const [bucket, count] of counts) {
      this.#counts[bucket] = (this.#counts[bucket] ?? 0) + count;
      this.#count += count;
    }
    this.#sum += sum;
    this.#min = Math.min(this.#min, min ?? this.#min);
    this.#max = Math.max(this.#max, max);
  }

  /** The smallest recorded time, to the histogram's precision, that at least the share `quantile` (0–1) does not pass. */
  quantile(quantile: number): number {
    const rank = Math.max(1, Math.ceil(quantile * this.#count));
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#counts[bucket] ?? 0;
      if (seen >= rank) return Math.min(this.#max, upperEdge(bucket) / 1000);
    }
    return this.#max;
  }

  summary(): Summary {
    if (this.#count === 0) return { count: 0, min: 0, mean: 0, p50: 0, p90: 0, p95: 0, p99: 0, p999: 0, max: 0 };
    return {
      count: this.#count,
      min: this.#min,
      mean: this.#sum / this.#count,
      p50: this.quantile(0.5),
      p90: this.quantile(0.9),
      p95: this.quantile(0.95),
      p99: this.quantile(0.99),
      p999: this.quantile(0.999),
      max: this.#max,
    };
  }
}

/** Values below `SUB` have a bucket each; above, each power of two is divided into `HALF` buckets. */
function bucketOf(us: number): number {
  if (us < SUB) return us;
  const exponent = Math.floor(Math.log2(us)) - SUB_BITS + 1;
  const bucket = SUB + (exponent - 1) * HALF + (Math.floor(us / 2 ** exponent) - HALF);
  return Math.min(bucket, BUCKETS - 1);
}

function upperEdge(bucket: number): number {
  if (bucket < SUB) return bucket + 1;
  const exponent = Math.floor((bucket - SUB) / HALF) + 1;
  const step = ((bucket - SUB) % HALF) + HALF;
  return (step + 1) * 2 ** exponent;
}
