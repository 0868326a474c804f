import { below, pick, type Random, randomFrom } from '../random.ts';
import type { TextIntent, TraceOf, TraceOptions, Turn } from '../trace.ts';

const OPERATIONS = 50_000;
const WRITERS = 3;
/** What one writer does before it hears of the others. */
const PER_TURN = 100;
const LETTERS = [...'eeeeeetttttaaaaooooiiiinnnnsssshhhhrrrrddllluuccmmwwffggyyppbbvk      '];

/** Three people write one text at once, each in a third of it that changes from round to round, in runs. */
export function textTrace({ seed, scale }: TraceOptions): TraceOf<'text'> {
  const random = randomFrom(seed);
  const rounds: Turn<TextIntent>[][] = [];
  let text: string[] = [];
  let left = Math.round(OPERATIONS * scale);
  while (left > 0) {
    const turns: Turn<TextIntent>[] = [];
    const parts: string[][] = [];
    for (let part = 0; part < WRITERS; part += 1) {
      const start = Math.floor((text.length * part) / WRITERS);
      const own = text.slice(start, Math.floor((text.length * (part + 1)) / WRITERS));
      // An empty text has no parts to keep apart: one begins it.
      const count = text.length === 0 && part > 0 ? 0 : Math.min(left, PER_TURN);
      left -= count;
      const writer = (part + rounds.length) % WRITERS;
      turns.push({ document: 0, writer, intents: write(random, own, start, count) });
      parts.push(own);
    }
    text = parts.flat();
    rounds.push(turns);
  }
  return { documents: 1, writers: WRITERS, setup: [], rounds, expected: [text.join('')] };
}

/** Types and deletes in runs within `own`, never at its first or last letter, where the neighbours' parts begin. */
function write(random: Random, own: string[], start: number, count: number): TextIntent[] {
  const intents: TextIntent[] = [];
  while (intents.length < count) {
    const room = Math.max(0, own.length - 2);
    const deletes = room > 40 && random() < 0.35;
    const run = Math.min(count - intents.length, 1 + below(random, deletes ? 16 : 40));
    let at = own.length < 2 ? own.length : 1 + below(random, own.length - 1);
    for (let step = 0; step < run; step += 1) {
      if (deletes) {
        if (at < 2) break;
        at -= 1;
        own.splice(at, 1);
        intents.push({ index: start + at, letter: null });
      } else {
        const letter = pick(random, LETTERS);
        own.splice(at, 0, letter);
        intents.push({ index: start + at, letter });
        at += 1;
      }
    }
  }
  return intents;
}
