import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { SeededRandom } from '../seeded-random.ts';
import { describeFault, placeOf, type Step, schedule, type Targets } from './schedule.ts';

const TARGETS: Targets = {
  processes: ['node-1', 'node-2', 'nats'],
  stoppable: ['node-1', 'node-2'],
  links: ['clients → node-1', 'node-1 → nats'],
  disks: ['postgres', 'nats'],
};

describe('a schedule of faults', () => {
  test('repeats for the same seed and differs for another', () => {
    expect(steps(5, 50)).toEqual(steps(5, 50));
    expect(steps(5, 50)).not.toEqual(steps(6, 50));
  });

  test('comes to every kind of fault', () => {
    const kinds = new Set(steps(1, 300).flatMap(({ faults }) => faults.map(({ kind }) => kind)));
    expect(kinds.size).toBe(10);
    expect(
      new Set(steps(1, 300).flatMap(({ faults }) => faults.flatMap((one) => ('disk' in one ? [one.disk] : [])))),
    ).toEqual(new Set(TARGETS.disks));
  });

  test('keeps to the longest time, to what there is, and to one fault a place', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 500, max: 20_000 }), (seed, longest_ms) => {
        for (const { faults, rest_ms } of steps(seed, 20, longest_ms)) {
          expect(new Set(faults.map(placeOf)).size).toBe(faults.length);
          expect(rest_ms).toBeGreaterThan(0);
          for (const fault of faults) {
            expect(fault.ms).toBeLessThanOrEqual(longest_ms);
            expect([
              ...TARGETS.processes,
              ...TARGETS.links,
              ...TARGETS.disks.map((disk) => `the disk of ${disk}`),
            ]).toContain(placeOf(fault));
            expect(describeFault(fault)).toContain(placeOf(fault));
            if (fault.kind === 'restart') expect(TARGETS.stoppable).toContain(fault.target);
          }
        }
      }),
    );
  });

  test('makes no fault of what is not there', () => {
    const onlyDisk = schedule({
      targets: { processes: [], stoppable: [], links: [], disks: ['node'] },
      random: new SeededRandom(1),
      longest_ms: 1000,
    });
    expect(onlyDisk.next().value.faults.map(({ kind }) => kind)).toEqual(['fill_disk']);
  });
});

function steps(seed: number, count: number, longest_ms = 20_000): Step[] {
  const all = schedule({ targets: TARGETS, random: new SeededRandom(seed), longest_ms });
  return Array.from({ length: count }, () => all.next().value);
}
