import { describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { checkHistory } from './checker.ts';
import type { HistoryEvent } from './history.ts';
import { HistoryFile, readHistory } from './history-file.ts';
import { PLANTS } from './testing/planted.ts';
import { validHistory } from './testing/valid-history.ts';
import { VIOLATIONS, type ViolationKind } from './violation.ts';

/** What is planted goes into the same valid histories, for to imagine one takes longer than to judge it. */
const HISTORIES = fc.sample(validHistory, 100);

describe('the checker of histories', () => {
  test('finds nothing wrong in the histories of a system that keeps its promises', async () => {
    await fc.assert(
      fc.asyncProperty(validHistory, async (history) => {
        expect((await checkHistory(history)).violations).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  for (const [kind, plants] of Object.entries(PLANTS) as [ViolationKind, (typeof PLANTS)[ViolationKind]][]) {
    test(`finds by the name ${kind} that ${VIOLATIONS[kind]}`, async () => {
      for (const plant of plants) {
        let planted = 0;
        for (const [index, which] of fc.sample(fc.nat(), HISTORIES.length).entries()) {
          const wrong = plant(HISTORIES[index] ?? [], which);
          if (!wrong) continue;
          planted++;
          const { violations } = await checkHistory(wrong);
          expect({ which, kinds: violations.map((violation) => violation.kind), history: wrong }).toMatchObject({
            kinds: expect.arrayContaining([kind]),
          });
        }
        expect(planted).toBeGreaterThan(10);
      }
    });
  }

  test('counts what it was given', async () => {
    const history: Happened[] = [
      { kind: 'session', session: 's', user: 'ann' },
      { kind: 'invoke', op: 1, user: 'ann', log: 'ch:a', id: 'i', body: 'b' },
      { kind: 'ok', op: 1, log: 'ch:a', offset: 1 },
      { kind: 'seen', session: 's', log: 'ch:a', items: [[1, 'b']] },
      { kind: 'wire', session: 's', frame: 'resync', log: 'ch:a', from: 0, to: 0 },
      { kind: 'stored', log: 'ch:a', first: 1, head: 1, entries: [{ offset: 1, id: 'i', sender: 'ann', body: 'b' }] },
    ];
    const { counts, violations } = await checkHistory(timed(history));
    expect(violations).toEqual([]);
    expect(counts).toMatchObject({ ok: 1, refused: 0, unknown: 0, deliveries: 1, resyncs: 1, stored: 1 });
  });

  test('takes what retention removed as no loss, and a marker that says so as no hole', async () => {
    const history: Happened[] = [
      { kind: 'session', session: 's', user: 'bob' },
      { kind: 'follow', session: 's', log: 'ch:a', after: 0 },
      ...[1, 2].flatMap((op): Happened[] => [
        { kind: 'invoke', op, user: 'ann', log: 'ch:a', id: `i${op}`, body: `b${op}` },
        { kind: 'ok', op, log: 'ch:a', offset: op },
      ]),
      { kind: 'gap', session: 's', log: 'ch:a', from: 1, to: 1, reason: 'retention' },
      { kind: 'seen', session: 's', log: 'ch:a', items: [[2, 'b2']] },
      { kind: 'end', session: 's', last: true },
      { kind: 'stored', log: 'ch:a', first: 2, head: 2, entries: [{ offset: 2, id: 'i2', sender: 'ann', body: 'b2' }] },
    ];
    expect((await checkHistory(timed(history))).violations).toEqual([]);
  });

  test('reads a history from its file as it was recorded', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'konferenco-history-'));
    try {
      const [history] = fc.sample(validHistory, { numRuns: 1, seed: 7 });
      const path = join(dir, 'history.jsonl');
      let calls = 0;
      const file = new HistoryFile(path, () => Math.max(0, calls++ - 1));
      for (const { at: _, ...happening } of history ?? []) file.record(happening as Happened);
      await file.close();
      expect(await Array.fromAsync(readHistory(path))).toEqual([...(history ?? [])]);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});

type Happened = Parameters<HistoryFile['record']>[0];

function timed(history: readonly Happened[]): HistoryEvent[] {
  return history.map((happening, at) => ({ ...happening, at }) as HistoryEvent);
}
