import { identityOf } from '../identity.ts';
import { below, type Random, randomFrom, words } from '../random.ts';
import type { AgendaIntent, Place, TraceOf, TraceOptions, Turn } from '../trace.ts';

const ITEMS = 50;
const OPERATIONS = 2_000;
const WRITERS = 2;
const PER_TURN = 10;
/** The founder of the agenda, by number. */
const FOUNDER = WRITERS;

interface Item {
  readonly item: string;
  readonly text: string;
  readonly done: boolean;
}

/** Two people insert, move, edit and remove items at once, each in one half of the agenda. */
export function agendaTrace({ seed, scale }: TraceOptions): TraceOf<'agenda'> {
  const random = randomFrom(seed);
  const sequences = new Map<number, number>();
  const idOf = (writer: number): string => {
    const sequence = (sequences.get(writer) ?? 0) + 1;
    sequences.set(writer, sequence);
    return `${identityOf(writer).node}:${sequence}`;
  };
  let items: Item[] = [];
  const setup: AgendaIntent[] = [];
  for (let index = 0; index < ITEMS; index += 1) {
    const item = { item: idOf(FOUNDER), text: words(random, 4), done: false };
    setup.push({
      op: 'insert',
      item: item.item,
      text: item.text,
      index,
      after: items.at(-1)?.item ?? null,
      before: null,
    });
    items.push(item);
  }
  const rounds: Turn<AgendaIntent>[][] = [];
  for (let left = Math.round(OPERATIONS * scale); left > 0; ) {
    const middle = items.length >> 1;
    const turns: Turn<AgendaIntent>[] = [];
    const parts: Item[][] = [];
    for (const part of [0, 1]) {
      const writer = (part + rounds.length) % WRITERS;
      const half =
        part === 0 ? { start: 0, list: items.slice(0, middle) } : { start: middle, list: items.slice(middle) };
      const count = Math.min(left, PER_TURN);
      left -= count;
      const intents = Array.from({ length: count }, () => change(random, half, () => idOf(writer)));
      turns.push({ document: 0, writer, intents });
      parts.push(half.list);
    }
    items = parts.flat();
    rounds.push(turns);
  }
  return { documents: 1, writers: WRITERS, setup, rounds, expected: [items.map(({ text, done }) => ({ text, done }))] };
}

/** A writer's half of the agenda, which begins at `start`. */
interface Half {
  readonly start: number;
  readonly list: Item[];
}

/** One change of the half; its first and last item stay, so that what both insert never meets. */
function change(random: Random, { start, list }: Half, nextId: () => string): AgendaIntent {
  const place = (at: number): Place => ({
    index: start + at,
    after: list[at - 1]?.item ?? null,
    before: list[at]?.item ?? null,
  });
  const at = 1 + below(random, list.length - 2);
  const chosen = list[at];
  if (!chosen) throw new RangeError('the half has no item between its first and last');
  const kind = random();
  if (kind < 0.4) {
    const edited = { ...chosen, text: words(random, 5), done: !chosen.done };
    list[at] = edited;
    return { op: 'edit', index: start + at, ...edited };
  }
  if (kind < 0.8) {
    list.splice(at, 1);
    let to = at;
    while (to === at) to = 1 + below(random, list.length - 1);
    const placed = place(to);
    list.splice(to, 0, chosen);
    return { op: 'move', item: chosen.item, from: start + at, ...placed };
  }
  if (kind < 0.9 && list.length > ITEMS / 4) {
    list.splice(at, 1);
    return { op: 'remove', item: chosen.item, index: start + at };
  }
  const item = { item: nextId(), text: words(random, 4), done: false };
  const placed = place(at);
  list.splice(at, 0, item);
  return { op: 'insert', item: item.item, text: item.text, ...placed };
}
