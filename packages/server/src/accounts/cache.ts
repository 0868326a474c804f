/** A value, or the promise of one when it has to be fetched. */
export type Eventually<Value> = Value | Promise<Value>;

/** Goes on with a value at once when it is there, so that a chain of cached answers stays synchronous. */
export function then<Value, Result>(
  value: Eventually<Value>,
  next: (value: Value) => Eventually<Result>,
): Eventually<Result> {
  return value instanceof Promise ? value.then(next) : next(value);
}

export interface CacheOptions<Value> {
  /** Fetches what is not cached. A rejection is passed on and not remembered. */
  readonly load: (key: string) => Promise<Value>;
  /** Entries kept at the most; the least recently used leave first. */
  readonly max: number;
  /** Milliseconds an entry serves before it is fetched again: the bound on how long a lost invalidation can matter. */
  readonly max_age_ms: number;
  /** Unix ms. */
  readonly now: () => number;
}

interface Entry<Value> {
  readonly value: Value;
  readonly until: number;
}

/**
 * Bounded read-through cache. Readers of one missing key share one fetch; a fetch that an invalidation overtook
 * answers its readers but is not kept.
 */
export class Cache<Value> {
  readonly #options: CacheOptions<Value>;
  readonly #entries = new Map<string, Entry<Value>>();
  readonly #loading = new Map<string, Promise<Value>>();

  constructor(options: CacheOptions<Value>) {
    this.#options = options;
  }

  /** The value at once when cached, a promise otherwise. */
  get(key: string): Eventually<Value> {
    const entry = this.#entries.get(key);
    if (entry && entry.until > this.#options.now()) {
      this.#entries.delete(key);
      this.#entries.set(key, entry);
      return entry.value;
    }
    return this.#loading.get(key) ?? this.#load(key);
  }

  /** Puts in a value that the caller knows to be current. */
  set(key: string, value: Value): void {
    this.#loading.delete(key);
    this.#keep(key, value);
  }

  /** What is cached under `key`, stale or not; `undefined` when nothing is. */
  peek(key: string): Value | undefined {
    return this.#entries.get(key)?.value;
  }

  delete(key: string): void {
    this.#entries.delete(key);
    this.#loading.delete(key);
  }

  clear(): void {
    this.#entries.clear();
    this.#loading.clear();
  }

  get size(): number {
    return this.#entries.size;
  }

  #load(key: string): Promise<Value> {
    const loading = this.#options.load(key).then(
      (value) => {
        if (this.#loading.get(key) === loading) this.set(key, value);
        return value;
      },
      (error: unknown) => {
        if (this.#loading.get(key) === loading) this.#loading.delete(key);
        throw error;
      },
    );
    this.#loading.set(key, loading);
    return loading;
  }

  #keep(key: string, value: Value): void {
    this.#entries.delete(key);
    this.#entries.set(key, { value, until: this.#options.now() + this.#options.max_age_ms });
    if (this.#entries.size <= this.#options.max) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      break;
    }
  }
}
