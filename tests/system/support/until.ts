/**
 * Resolves once `condition` holds; looked at every few milliseconds.
 *
 * @throws {Error} saying `what` did not come true within `within_ms`.
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  within_ms = 20_000,
): Promise<void> {
  const deadline = Date.now() + within_ms;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within ${within_ms} ms: ${what}`);
    await Bun.sleep(5);
  }
}

/** The value at the share `q` (0 to 1) of the sorted values; 0 for none. */
export function percentile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;
}

/** Runs `work` over all items, at most `width` at a time. */
export async function pooled<T>(
  items: readonly T[],
  width: number,
  work: (item: T, index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const index = next++;
      await work(items[index] as T, index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
}
