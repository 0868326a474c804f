import { below, type Random, randomFrom } from '../random.ts';
import type { SetIntent, TraceOf, TraceOptions, Turn } from '../trace.ts';

const ELEMENTS = 500;
const PEOPLE = 10_000;
const PER_PERSON = 5;
const OF_ONE = 1_000;
const DEVICES = 2;
const PER_TURN = 20;

/** Ten thousand people mark a few of 500 sessions each, on one device: a set, and so a document, for everybody. */
export function favouritesTrace({ seed, scale }: TraceOptions): TraceOf<'favourites'> {
  const random = randomFrom(seed);
  const turns: Turn<SetIntent>[] = [];
  const expected: string[][] = [];
  for (let document = 0; document < Math.round(PEOPLE * scale); document += 1) {
    const set = new Set<string>();
    turns.push({
      document,
      writer: 0,
      intents: Array.from({ length: PER_PERSON }, () => mark(random, set, 0.8, anyOf)),
    });
    expected.push([...set].sort());
  }
  return { documents: expected.length, writers: 1, setup: [], rounds: [turns], expected };
}

/** One person who marks and unmarks without end, on two devices at once. */
export function onePersonTrace({ seed, scale }: TraceOptions): TraceOf<'favourites'> {
  const random = randomFrom(seed);
  const set = new Set<string>();
  const rounds: Turn<SetIntent>[][] = [];
  for (let left = Math.round(OF_ONE * scale); left > 0; ) {
    const turns: Turn<SetIntent>[] = [];
    for (let writer = 0; writer < DEVICES && left > 0; writer += 1) {
      const count = Math.min(left, PER_TURN);
      // Each device has half of the sessions on its screen: what both change at once, the libraries settle differently.
      const half = (writer + rounds.length) % DEVICES;
      const element = (source: Random) => `session-${100 + below(source, ELEMENTS / DEVICES) * DEVICES + half}`;
      turns.push({
        document: 0,
        writer,
        intents: Array.from({ length: count }, () => mark(random, set, 0.6, element)),
      });
      left -= count;
    }
    rounds.push(turns);
  }
  return { documents: 1, writers: DEVICES, setup: [], rounds, expected: [[...set].sort()] };
}

function anyOf(random: Random): string {
  return `session-${100 + below(random, ELEMENTS)}`;
}

/** Adds something that is not in the set, or takes out something that is. */
function mark(random: Random, set: Set<string>, adding: number, source: (random: Random) => string): SetIntent {
  const wanted = random() < adding;
  let element = source(random);
  for (let tries = 0; tries < 100 && set.has(element) === wanted; tries += 1) element = source(random);
  if (set.has(element) === wanted) return mark(random, set, 1 - adding, source);
  if (wanted) set.add(element);
  else set.delete(element);
  return { element, wanted };
}
