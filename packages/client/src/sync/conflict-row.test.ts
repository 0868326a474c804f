import { describe, expect, test } from 'bun:test';
import { bounded, type ConflictRow, joinedRows, NO_CONFLICTS, OPEN_MAX, readConflictRow } from './conflict-row.ts';

const one = (id: string, at: number) => ({ id, at, conflict: { kind: 'removed' as const, channel: id } });

function told(...ids: readonly string[]): ConflictRow {
  return { told: ids, open: ids.map((id, at) => one(id, at)), accept_again: [] };
}
const ids = ({ open }: ConflictRow) => open.map(({ id }) => id);
const without = (row: ConflictRow, id: string): ConflictRow => ({ ...row, open: row.open.filter((o) => o.id !== id) });

// proves RP-11
describe('what two programs of one device know', () => {
  test('is what either was told, without what one of them put away', () => {
    expect(ids(joinedRows(told('a'), told('b')))).toEqual(['a', 'b']);
    expect(ids(joinedRows(told('a', 'b'), without(told('a', 'b'), 'a')))).toEqual(['b']);
    expect(ids(joinedRows(without(told('a', 'b'), 'a'), told('a', 'b')))).toEqual(['b']);
    expect(joinedRows(told('a'), NO_CONFLICTS)).toEqual(told('a'));
  });

  test('names the later of two writes that stood in the place of one’s own', () => {
    const lost = (by: string, at: number) => ({
      told: ['a'],
      open: [
        {
          ...{ id: 'a', at: 1, stands: { at, dot: `${by}:1` } },
          conflict: {
            ...{ kind: 'overridden' as const, document: 'session/a', by },
            ...{ field: 'room' as const, mine: 'x', theirs: by },
          },
        },
      ],
      accept_again: [],
    });
    for (const [a, b] of [
      [lost('ana', 1), lost('ben', 2)],
      [lost('ben', 2), lost('ana', 1)],
    ] as const)
      expect(joinedRows(a, b).open[0]?.conflict).toMatchObject({ by: 'ben' });
  });

  test('is bounded: of what is open the newest stay, and the name of what is open is not forgotten', () => {
    const many = Array.from({ length: OPEN_MAX + 3 }, (_, n) => one(`c${n}`, n));
    const row = bounded({ told: many.map(({ id }) => id), open: many, accept_again: [] });
    expect(row.open).toHaveLength(OPEN_MAX);
    expect(row.open[0]?.id).toBe('c3');
    const names = Array.from({ length: 600 }, (_, n) => `old${n}`);
    const kept = bounded({ told: ['open', ...names], open: [one('open', 1)], accept_again: [] });
    expect(kept.told).toHaveLength(500);
    expect(kept.told).toContain('open');
    expect(kept.told).not.toContain('old0');
  });
});

test('a row of the first form tells nothing anew and still says which meetings are to be answered', () => {
  const row = readConflictRow({ told: ['x'], accept_again: ['m-1'] });
  expect(row.open).toEqual([]);
  expect(row.accept_again.map(([, meeting]) => meeting)).toEqual(['m-1']);
  expect(joinedRows(NO_CONFLICTS, row)).toEqual(row);
});
