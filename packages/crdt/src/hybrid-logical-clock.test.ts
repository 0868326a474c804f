import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { CrdtFormatError } from './errors.ts';
import { HybridLogicalClock } from './hybrid-logical-clock.ts';
import { timestampOf, wallOf } from './timestamp.ts';

const NOON = Date.UTC(2026, 10, 21, 12);

// proves CR-1
test('timestamps strictly increase, however the wall clock jumps and whatever is received', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('wall' as const), ms: fc.integer({ min: -500_000, max: 500_000 }) }),
    fc.record({ kind: fc.constant('tick' as const), times: fc.integer({ min: 1, max: 600 }) }),
    fc.record({ kind: fc.constant('receive' as const), ahead: fc.integer({ min: -100_000, max: 100_000 }) }),
    fc.record({ kind: fc.constant('restart' as const) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let now = NOON;
      let clock = new HybridLogicalClock({ node: 'a', now: () => now });
      let newest = clock.last;
      for (const next of steps) {
        if (next.kind === 'wall') now += next.ms;
        else if (next.kind === 'restart')
          clock = new HybridLogicalClock({ node: 'a', now: () => now, last: clock.last });
        else if (next.kind === 'receive') {
          const remote = timestampOf(now + next.ahead);
          expect(clock.receive(remote)).toBe(next.ahead > 60_000 ? 'ahead' : 'ok');
          if (next.ahead <= 60_000) newest = Math.max(newest, remote);
        } else {
          for (let time = 0; time < next.times; time += 1) {
            const issued = clock.tick();
            expect(issued).toBeGreaterThan(newest);
            newest = issued;
          }
        }
        expect(clock.last).toBe(newest);
      }
    }),
    { numRuns: 60 },
  );
});

test('a timestamp is the wall clock when nothing is ahead of it, and a full counter carries into the milliseconds', () => {
  const clock = new HybridLogicalClock({ node: 'a', now: () => NOON });
  expect(wallOf(clock.tick())).toBe(NOON);
  for (let time = 0; time < 256; time += 1) clock.tick();
  expect(wallOf(clock.last)).toBe(NOON + 1);
  expect(clock.ahead_ms).toBe(1);
  expect(Number.isSafeInteger(timestampOf(Date.UTC(3000, 0)))).toBe(true);
});

// proves CR-2
test('what is too far ahead, or no timestamp, is not adopted', () => {
  const clock = new HybridLogicalClock({ node: 'a', now: () => NOON });
  const last = clock.tick();
  expect(clock.receive(timestampOf(NOON + 60_000) + 255)).toBe('ok');
  const fresh = new HybridLogicalClock({ node: 'a', now: () => NOON, last });
  const bad = [timestampOf(NOON + 60_001), Number.MAX_SAFE_INTEGER, 1e300, Number.NaN, -1, 1.5];
  for (const remote of bad) expect(fresh.receive(remote)).toBe('ahead');
  expect(fresh.last).toBe(last);
});

test('a clock needs a node id that fits into dots, and a real last timestamp', () => {
  const now = () => NOON;
  for (const node of ['', 'a:b', 'a,b', 'x'.repeat(257)]) {
    expect(() => new HybridLogicalClock({ node, now })).toThrow(CrdtFormatError);
  }
  expect(() => new HybridLogicalClock({ node: 'a', now, last: Number.NaN })).toThrow(CrdtFormatError);
});
