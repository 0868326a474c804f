import { below, pick, type Random, randomFrom, words } from '../random.ts';
import type { FieldIntent, TraceOf, TraceOptions, Turn } from '../trace.ts';

const SESSIONS = 500;
const UPDATES = 5_000;
const ORGANISERS = 3;
const PER_TURN = 50;
const BEGIN_MS = 1_790_000_000_000;
const FIELDS = ['title', 'room', 'starts_at', 'ends_at', 'abstract', 'channel_id', 'track', 'language'] as const;

type Field = (typeof FIELDS)[number];

/** Three organisers change fields of five hundred sessions, at any moment each those of other sessions. */
export function programmeTrace({ seed, scale }: TraceOptions): TraceOf<'programme'> {
  const random = randomFrom(seed);
  const programme = new Map<string, Record<string, string | number>>();
  const write = (session: string, field: Field): FieldIntent => {
    const old = programme.get(session)?.[field];
    let value = newValue(random, field);
    // A write of what is there already is no change to some of the libraries.
    while (value === old) value = newValue(random, field);
    programme.set(session, { ...programme.get(session), [field]: value });
    return { session, field, value };
  };
  const count = Math.max(ORGANISERS, Math.round(SESSIONS * scale));
  const names = Array.from({ length: count }, (_, index) => `session-${100 + index}`);
  const setup = names.flatMap((session) => FIELDS.map((field) => write(session, field)));
  const rounds: Turn<FieldIntent>[][] = [];
  for (let left = Math.round(UPDATES * scale); left > 0; ) {
    const turns: Turn<FieldIntent>[] = [];
    for (let writer = 0; writer < ORGANISERS && left > 0; writer += 1) {
      const theirs = names.filter((_, index) => (index + rounds.length) % ORGANISERS === writer);
      const size = Math.min(left, PER_TURN);
      left -= size;
      const intents = Array.from({ length: size }, () => write(pick(random, theirs), pick(random, FIELDS)));
      turns.push({ document: 0, writer, intents });
    }
    rounds.push(turns);
  }
  return { documents: 1, writers: ORGANISERS, setup, rounds, expected: [Object.fromEntries(programme)] };
}

function newValue(random: Random, field: Field): string | number {
  switch (field) {
    case 'title':
      return words(random, 3 + below(random, 6));
    case 'abstract':
      return words(random, 20 + below(random, 20));
    case 'starts_at':
    case 'ends_at':
      return BEGIN_MS + below(random, 300) * 900_000;
    case 'room':
      return `Hall ${below(random, 24)}`;
    case 'track':
      return `Track ${below(random, 9)}`;
    case 'language':
      return pick(random, ['en', 'mi', 'de', 'fr', 'es']);
    case 'channel_id':
      return `channel-${below(random, 1_000)}`;
  }
}
