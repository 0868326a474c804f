import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { MeetingView, SessionView } from './document.ts';
import { mergeVersions, offsetIn, versionAt } from './sync-version.ts';
import { HOUR, NOON } from './test-operations.ts';
import { clashes, freeSlots, overlaps, programmeHours } from './timetable.ts';

const slot = (from: number, to: number) => ({ starts_at: NOON + from * HOUR, ends_at: NOON + to * HOUR });
const session = (id: string, from: number, to: number, cancelled: SessionView['cancelled'] = null) =>
  ({ id, title: id, ...slot(from, to), cancelled }) as SessionView;
const meeting = (id: string, from: number, to: number, standing: MeetingView['standing']) =>
  ({ id, title: id, ...slot(from, to), standing }) as MeetingView;

// proves SY-30
test('what lies across a time: sessions that take place and meetings agreed, but not the meeting itself', () => {
  const sessions = [session('over', 0, 1), session('across', 1, 3), session('off', 1, 3, { reason: '' })];
  const meetings = [meeting('m', 1, 2, 'agreed'), meeting('n', 1, 2, 'agreed'), meeting('o', 1, 2, 'waiting_for_me')];
  expect(clashes({ id: 'm', ...slot(1, 2) }, sessions, meetings)).toEqual([
    { kind: 'session', id: 'across', title: 'across' },
    { kind: 'meeting', id: 'n', title: 'n' },
  ]);
});

describe('times to meet', () => {
  test('lie within the hours of each day of the programme', () => {
    expect(programmeHours([slot(24, 25), slot(0, 1), slot(3, 4), slot(0.5, 5)])).toEqual([slot(0, 5), slot(24, 25)]);
    expect(programmeHours([])).toEqual([]);
  });

  test('overlap nothing that is taken, and follow each other', () => {
    const time = fc.integer({ min: 0, max: 20 });
    const stretch = fc.tuple(time, time).map(([a, b]) => slot(Math.min(a, b) / 2, Math.max(a, b) / 2 + 0.5));
    fc.assert(
      fc.property(fc.array(stretch), fc.array(stretch), time, (hours, busy, from) => {
        const query = { hours: programmeHours(hours), busy, from: NOON + from * HOUR, length_ms: HOUR / 2, limit: 10 };
        const free = freeSlots(query);
        expect(free.length).toBeLessThanOrEqual(10);
        for (const [index, one] of free.entries()) {
          expect(busy.some((taken) => overlaps(taken, one))).toBe(false);
          expect(one.starts_at).toBeGreaterThanOrEqual(query.from);
          expect(query.hours.some((day) => day.starts_at <= one.starts_at && one.ends_at <= day.ends_at)).toBe(true);
          if (index > 0) expect(one.starts_at).toBeGreaterThanOrEqual(free[index - 1]?.ends_at ?? 0);
        }
      }),
    );
  });
});

test('versions merge by the greater offset of each store, and rubbish knows nothing', () => {
  expect(mergeVersions('b:3,a:7', 'b:5,c:1')).toBe('a:7,b:5,c:1');
  expect(offsetIn(versionAt('epoch', 0), 'epoch')).toBe(0);
  expect(offsetIn('a:7', 'b')).toBeNull();
  for (const rubbish of ['', 'x', 'a:-1', 'a:1:2', 'a:1,a:2,,']) expect(offsetIn(rubbish, 'a')).toBeNull();
  expect(mergeVersions('rubbish', 'a:1')).toBe('a:1');
});
