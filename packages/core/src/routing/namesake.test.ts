import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { answerClaim, type ClaimRecord, Namesakes } from './namesake.ts';
import type { NodeReport, NodeStart } from './node-report.ts';

const OWN: NodeStart = { name: 'node-1', id: 'own', at: 1_000 };
const claim = (given: Partial<ClaimRecord> = {}): ClaimRecord => ({
  ...{ kind: 'claim', node: 'node-1', start: 'other', started_at: 2_000, to: null },
  ...given,
});

describe('a claim', () => {
  test('to a name that is borne is answered, whenever the other one started by its clock', () => {
    expect(answerClaim(OWN, 'held', claim())).toBe('tell');
    expect(answerClaim(OWN, 'held', claim({ started_at: 1 }))).toBe('tell');
  });

  test('of two that ask at once the one that precedes tells, and the other asks again', () => {
    const other: NodeStart = { name: 'node-1', id: 'other', at: 1_000 };
    expect(answerClaim(other, 'asking', claim({ start: 'own', started_at: 999 }))).toBe('ask');
    expect(answerClaim(OWN, 'asking', claim({ started_at: 1_001 }))).toBe('tell');
    // Started in the same millisecond.
    const answers = [
      answerClaim(OWN, 'asking', claim({ start: 'other', started_at: 1_000 })),
      answerClaim(other, 'asking', claim({ start: 'own', started_at: 1_000 })),
    ];
    expect(answers.sort()).toEqual(['ask', 'tell']);
  });

  test('is lost by an answer to this very start, and by nothing else', () => {
    expect(answerClaim(OWN, 'asking', claim({ to: 'own' }))).toBe('give_up');
    expect(answerClaim(OWN, 'asking', claim({ to: 'a start before' }))).toBe('nothing');
    expect(answerClaim(OWN, 'held', claim({ to: 'own' }))).toBe('nothing');
    expect(answerClaim(OWN, 'asking', claim({ node: 'node-2', to: 'own' }))).toBe('nothing');
    expect(answerClaim(OWN, 'held', claim({ start: 'own' }))).toBe('nothing');
  });
});

function report({ name, id, at }: NodeStart, seq: number, given: Partial<NodeReport> = {}): NodeReport {
  return {
    ...{ name, start: id, started_at: at, seq, url: null, version: '1', phase: 'open', max_connections: 100 },
    ...{ connections: 0, users: 0, cpu: 0, memory_bytes: 0, memory: 0, p99_ms: null, publish_per_s: 0 },
    ...{ deliver_per_s: 0, commit_queue: 0, drops: 0, faults: 0 },
    ...given,
  };
}

describe('of two nodes of one name that run', () => {
  const old: NodeStart = { name: 'node-1', id: 'old', at: 1 };

  test('the one that has just come ends when it has heard the other twice', () => {
    const young = new Namesakes(OWN);
    expect([young.hear(report(old, 500), 1, 0), young.hear(report(old, 501), 2, 1_000)]).toEqual([false, true]);
    const settled = new Namesakes(old);
    expect([settled.hear(report(OWN, 1), 500, 0), settled.hear(report(OWN, 2), 501, 1_000)]).toEqual([false, false]);
  });

  test('what a dead one still had under way ends nobody: held-up reports, repeated ones, a farewell', () => {
    const young = new Namesakes(OWN);
    const heard = [500, 501, 502].map((seq) => young.hear(report(old, seq), 1, 10));
    expect([...heard, young.hear(report(old, 500), 2, 2_000)]).toEqual([false, false, false, false]);
    expect(young.hear(report(old, 503, { phase: 'left' }), 2, 2_000)).toBe(false);
    expect(young.hear(report(OWN, 2), 2, 3_000)).toBe(false);
    expect(young.hear(report({ ...old, name: 'node-2' }, 2), 2, 3_000)).toBe(false);
  });

  test('the one that was not heard of for so long that its name was free ends for the one that took it', () => {
    const woken = new Namesakes(old);
    expect([woken.hear(report(OWN, 20), 500, 0), woken.hear(report(OWN, 21), 501, 1_000)]).toEqual([false, true]);
    const successor = new Namesakes(OWN);
    expect([successor.hear(report(old, 500), 20, 0), successor.hear(report(old, 501), 21, 1_000)]).toEqual([
      false,
      false,
    ]);
  });

  // proves CN-24
  test('exactly one ends, whenever they started, whatever their clocks say, and however long they were deaf', () => {
    const ms = (max: number) => fc.integer({ min: 0, max });
    const given = fc.record({
      apart: ms(30_000),
      deaf: ms(30_000),
      clocks: fc.tuple(ms(60_000), ms(60_000)),
      delays: fc.array(ms(400), { minLength: 1, maxLength: 10 }),
    });
    fc.assert(
      fc.property(given, ({ apart, deaf, clocks: [a, b], delays }) => {
        const ended = run([0, apart], [a, apart + b], { until: apart + deaf, delays });
        expect(ended).toHaveLength(1);
      }),
      { numRuns: 300 },
    );
  });
});

/** Two nodes that report every second; until `until` neither hears the other. Returns those that end within the next minute. */
function run(
  startsAt: readonly [number, number],
  clocks: readonly [number, number],
  { until, delays }: { readonly until: number; readonly delays: readonly number[] },
): readonly number[] {
  const starts = clocks.map((at, index): NodeStart => ({ name: 'node-1', id: `start ${index}`, at }));
  const nodes = starts.map((own) => ({ own, namesakes: new Namesakes(own), seq: 0 }));
  const ended: number[] = [];
  const events: { readonly at: number; readonly from: number; readonly seq: number | null }[] = startsAt.map(
    (at, from) => ({ at, from, seq: null }),
  );
  let sent = 0;
  while (events.length > 0) {
    events.sort((one, other) => one.at - other.at);
    const event = events.shift();
    if (!event || event.at > until + 60_000) break;
    const { at, from, seq } = event;
    const [node, other] = [nodes[from], nodes[1 - from]];
    if (!node || !other) continue;
    if (seq === null) {
      if (ended.includes(from)) continue;
      events.push({ at: at + 1_000, from, seq: null });
      events.push({ at: at + (delays[sent++ % delays.length] ?? 0), from, seq: ++node.seq });
    } else if (at >= until && other.seq > 0 && !ended.includes(1 - from)) {
      if (other.namesakes.hear(report(node.own, seq), other.seq, at)) ended.push(1 - from);
    }
  }
  return ended;
}
