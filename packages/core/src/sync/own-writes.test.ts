import { describe, expect, test } from 'bun:test';
import type { Envelope } from '@konferenco/protocol';
import fc from 'fast-check';
import { overOf } from './competing-writes.ts';
import type { DocumentState } from './document.ts';
import { applyOperation } from './documents.ts';
import {
  meetArrivals,
  OWN_WRITES_MAX,
  OWN_WRITES_MS,
  type OwnWrite,
  standingWrites,
  withStored,
} from './own-writes.ts';
import { agendaOf, at, HOUR, MEETING, meetingOf, NOON, scheduleOf } from './test-operations.ts';

/** One field that people write, in the order of their clocks: what an operation at `ticks` by somebody says. */
interface Field {
  readonly key: string;
  readonly people: readonly string[];
  /** What everybody knows before. */
  readonly first: readonly Envelope[];
  write(by: string, ticks: number): Envelope;
}

const slot = (hour: number) => ({ starts_at: NOON + hour * HOUR, ends_at: NOON + (hour + 1) * HOUR });
const request = meetingOf('request', 'ana', 'ben', { title: 'Walk', ...slot(1), dot: 'ana:1', at: at(0) });
const item = agendaOf(
  'ana',
  'ben',
  { op: 'insert', item: 'ana:2', after: null, text: 'x' },
  { dot: 'ana:2', at: at(0) },
);
const other = (by: string) => (by === 'ana' ? 'ben' : 'ana');

const ROOM: Field = {
  key: 'session/repo',
  people: ['ana', 'ben', 'eve', 'tom'],
  first: [scheduleOf('session_change', 'eve', { session: 'repo', set: { room: 'first' }, dot: 'eve:99', at: at(0) })],
  write: (by, ticks) =>
    scheduleOf('session_change', by, {
      session: 'repo',
      set: { room: `${by}${ticks}` },
      dot: `${by}:3`,
      at: at(ticks),
    }),
};
const TIME: Field = {
  key: `meeting/${MEETING}`,
  people: ['ana', 'ben'],
  first: [request],
  write: (by, ticks) => meetingOf('propose_time', by, other(by), { ...slot(1 + ticks), dot: `${by}:3`, at: at(ticks) }),
};
const ITEM: Field = {
  key: `meeting/${MEETING}`,
  people: ['ana', 'ben'],
  first: [request, item],
  write: (by, ticks) =>
    agendaOf(
      by,
      other(by),
      { op: 'set', item: 'ana:2', text: `${by}${ticks}`, done: false },
      { dot: `${by}:3`, at: at(ticks) },
    ),
};

function reduced(key: string, operations: readonly Envelope[]): DocumentState {
  return operations.reduce<DocumentState | null>((state, one) => applyOperation(key, state, one), null) ?? { v: 1 };
}

/** A write that knows of the log what the writer had read. */
function knowing(field: Field, log: readonly Envelope[], write: Envelope): Envelope {
  const over = overOf(write, field.key, reduced(field.key, log));
  return { ...write, id: `id-${write.from.user_id}`, payload: { ...write.payload, over } };
}

/** What a writer is told who reads a log on from `read`, in pieces, having written before that. */
function toldOf(
  field: Field,
  log: readonly Envelope[],
  mine: Envelope,
  { read, pieces }: { read: number; pieces: number },
) {
  const me = mine.from.user_id;
  let stood: readonly OwnWrite[] = [];
  const told = new Map<string, string>();
  for (let from = read; from < log.length; from += pieces) {
    const applied = log.slice(from, from + pieces);
    const position = log.indexOf(mine);
    const pending = position >= from ? [mine] : [];
    const known = reduced(field.key, log.slice(0, from + pieces));
    const view = reduced(field.key, [...log.slice(0, from + pieces), ...pending]);
    const met = meetArrivals({ me, applied, pending, stood, view: () => view });
    stood = standingWrites(met.stood, () => known, NOON);
    for (const { key, conflict } of met.found)
      if (conflict.kind === 'overridden' && !told.has(key)) told.set(key, conflict.by);
  }
  return [...told.values()];
}

/** Two writes of one field, stored in this order. */
function pair(field: Field, order: readonly [first: number, second: number], hasRead: boolean) {
  const [one = '', two = ''] = field.people;
  const first = knowing(field, field.first, field.write(one, order[0]));
  const seen = hasRead ? [...field.first, first] : field.first;
  const second = knowing(field, seen, field.write(two, order[1]));
  const log = [...field.first, first, second];
  const start = { read: field.first.length, pieces: 1 };
  return [toldOf(field, log, first, start), toldOf(field, log, second, { ...start, read: seen.length })] as const;
}

const FIELDS = [
  ['a room', ROOM],
  ['a meeting’s time', TIME],
  ['an item of the agenda', ITEM],
] as const;

// proves CF-1, CF-2, CF-7
describe.each(FIELDS)('of two who write %s at once', (_, field) => {
  const [one = '', two = ''] = field.people;

  test('who came back first and was overridden afterwards is told, and not the other', () => {
    expect(pair(field, [1, 2], false)).toEqual([[two], []]);
  });

  test('who came back second with what was written first is told, and not the other', () => {
    expect(pair(field, [2, 1], false)).toEqual([[], [one]]);
  });

  test('nobody is told when the second had seen the first', () => {
    expect(pair(field, [1, 2], true)).toEqual([[], []]);
  });
});

// proves CF-1
test('of writers who know of each other what they had read, each whose write was replaced unseen is told once, and nobody else', () => {
  const history = fc.shuffledSubarray([...ROOM.people], { minLength: 2 }).chain((writers) =>
    fc.record({
      writers: fc.constant(writers),
      /** How much of the log each had read when they wrote. */
      reads: fc.array(fc.nat(), { minLength: writers.length, maxLength: writers.length }),
      pieces: fc.integer({ min: 1, max: 5 }),
      jumps: fc.array(fc.integer({ min: 0, max: 9 }), { minLength: writers.length, maxLength: writers.length }),
    }),
  );
  fc.assert(
    fc.property(history, ({ writers, reads, pieces, jumps }) => {
      const log: Envelope[] = [...ROOM.first];
      const ticks: number[] = log.map(() => 0);
      const from = writers.map((by, index) => {
        const read = ROOM.first.length + ((reads[index] ?? 0) % (log.length - ROOM.first.length + 1));
        // A clock is ahead of what was read, and of nothing else.
        const tick = Math.max(...ticks.slice(0, read)) + 1 + (jumps[index] ?? 0);
        log.push(knowing(ROOM, log.slice(0, read), ROOM.write(by, tick)));
        ticks.push(tick);
        return read;
      });
      const later = (a: number, b: number) =>
        (ticks[a] ?? 0) - (ticks[b] ?? 0) || (String(log[a]?.from.user_id) > String(log[b]?.from.user_id) ? 1 : -1);
      for (const [index, read] of from.entries()) {
        const at = ROOM.first.length + index;
        const mine = log[at];
        if (!mine) continue;
        // The first of what came after what I had read that is later than mine.
        const replacedBy = log.findIndex((_, p) => p >= read && p !== at && later(p, at) > 0);
        const hadRead = replacedBy > at && (from[replacedBy - ROOM.first.length] ?? 0) > at;
        const expected = replacedBy < 0 || hadRead ? [] : [String(log[replacedBy]?.from.user_id)];
        expect(toldOf(ROOM, log, mine, { read, pieces })).toEqual(expected);
      }
    }),
    { numRuns: 500 },
  );
});

describe('a write of one’s own is remembered', () => {
  const mine = knowing(ROOM, ROOM.first, ROOM.write('ana', 2));
  const known = reduced(ROOM.key, [...ROOM.first, mine]);
  const stood = withStored([], [mine], 'ana');

  test('while it stands', () => {
    expect(standingWrites(stood, () => known, NOON)).toMatchObject([
      { document: ROOM.key, field: 'room', value: 'ana2' },
    ]);
    const replaced = applyOperation(ROOM.key, known, ROOM.write('ben', 3));
    expect(standingWrites(stood, () => replaced, NOON)).toEqual([]);
    expect(standingWrites(stood, () => undefined, NOON)).toEqual([]);
  });

  test('for eight days', () => {
    expect(standingWrites(stood, () => known, NOON + OWN_WRITES_MS)).toHaveLength(1);
    expect(standingWrites(stood, () => known, NOON + OWN_WRITES_MS + 1_000)).toEqual([]);
  });

  test('with so many others, of which the newest stay', () => {
    const many = Array.from({ length: OWN_WRITES_MAX + 5 }, (_, n) =>
      scheduleOf('session_change', 'ana', { session: `s${n}`, set: { room: 'x' }, dot: `ana:${n + 1}`, at: at(n) }),
    );
    const states = new Map(many.map((one, n) => [`session/s${n}`, applyOperation(`session/s${n}`, null, one)]));
    const kept = standingWrites(withStored([], many, 'ana'), (key) => states.get(key), NOON);
    expect(kept).toHaveLength(OWN_WRITES_MAX);
    expect(kept.at(-1)?.document).toBe(`session/s${OWN_WRITES_MAX + 4}`);
    expect(kept[0]?.document).toBe('session/s5');
  });

  test('and is nobody’s business when an operation says nothing of what its writer had seen', () => {
    const theirs = { ...ROOM.write('ben', 3), id: 'id-ben' };
    expect(toldOf(ROOM, [...ROOM.first, mine, theirs], mine, { read: 1, pieces: 1 })).toEqual([]);
  });
});
