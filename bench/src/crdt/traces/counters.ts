import { below, randomFrom } from '../random.ts';
import type { CountIntent, TraceOf, TraceOptions } from '../trace.ts';

const COUNTERS = 200;
const INCREMENTS = 100_000;
const REPLICAS = 25;

/** Twenty-five replicas count two hundred things up, and need not hear of each other to do so. */
export function countersTrace({ seed, scale }: TraceOptions): TraceOf<'counters'> {
  const random = randomFrom(seed);
  const totals: Record<string, number> = {};
  const names = Array.from({ length: COUNTERS }, (_, index) => `counter-${100 + index}`);
  const turns = Array.from({ length: REPLICAS }, (_, writer) => ({
    document: 0,
    writer,
    intents: [] as CountIntent[],
  }));
  for (let nth = 0; nth < Math.round(INCREMENTS * scale); nth += 1) {
    const counter = names[below(random, COUNTERS)] ?? '';
    totals[counter] = (totals[counter] ?? 0) + 1;
    turns[nth % REPLICAS]?.intents.push({ counter });
  }
  // The setup counts each once, so that every counter exists.
  const expected = Object.fromEntries(names.map((name) => [name, (totals[name] ?? 0) + 1]));
  return {
    documents: 1,
    writers: REPLICAS,
    setup: names.map((counter) => ({ counter })),
    rounds: [turns],
    expected: [expected],
  };
}
