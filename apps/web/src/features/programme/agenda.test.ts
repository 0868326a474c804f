import { describe, expect, test } from 'bun:test';
import type { Meeting, ProgrammeSession } from '@konferenco/client';
import fc from 'fast-check';
import { dayBounds, fromField, toField } from '../../state/zoned-time.ts';
import { commonSlots, freeSlots } from '../meetings/free-slots.ts';
import { byDay, clashesOf, matching, myAgenda, nextStart, ofSession, overlaps, phaseOf } from './agenda.ts';

const HOUR = 3_600_000;
const ZONE = 'Pacific/Auckland';
const NOW = Date.UTC(2026, 10, 19, 1, 30);

const session = (id: string, startsIn: number, more: Partial<ProgrammeSession> = {}): ProgrammeSession => ({
  id,
  title: id,
  room: 'A',
  starts_at: NOW + startsIn * HOUR,
  ends_at: NOW + (startsIn + 1) * HOUR,
  speakers: [],
  abstract: '',
  cancelled: null,
  favourite: false,
  attending: false,
  attendance: 0,
  pending: false,
  ...more,
});
const meeting = (id: string, startsIn: number, more: Partial<Meeting> = {}): Meeting => ({
  id,
  with: 'u-mere',
  by: 'u-mere',
  title: id,
  place: '',
  note: '',
  starts_at: NOW + startsIn * HOUR,
  ends_at: NOW + (startsIn + 1) * HOUR,
  proposal: 'r:1',
  proposed_by: 'u-mere',
  standing: 'agreed',
  accept_again: false,
  reason: '',
  agenda: [],
  pending: false,
  clashes: [],
  ...more,
});

describe('the programme', () => {
  test('is searched by every word, with or without macrons, in title, room, speakers and abstract', () => {
    const all = [
      session('a', 1, { title: 'Kōrero mō te wai', speakers: [{ name: 'Mere Tūhoe' }] }),
      session('b', 2, { title: 'Water rights', room: 'Room B' }),
    ];
    const ids = (query: string, room = '') => matching(all, { query, room }).map((s) => s.id);
    expect(ids('korero tuhoe')).toEqual(['a']);
    expect(ids('ROOM b')).toEqual(['b']);
    expect(ids('', 'Room B')).toEqual(['b']);
    expect(ids('wai lambing')).toEqual([]);
  });

  test('names what runs and what begins next, passing over what was cancelled', () => {
    const all = [
      session('past', -3),
      session('now', -0.5),
      session('off', 0.5, { cancelled: { reason: '' } }),
      session('soon', 1),
    ];
    const next = nextStart(all, NOW);
    expect(all.map((s) => phaseOf(s, NOW, next))).toEqual(['past', 'now', 'later', 'next']);
  });

  test('is cut into days at the venue’s midnight', () => {
    // 23:30 and 00:30 in Auckland.
    const late = session('late', 9);
    const early = session('early', 10);
    expect(byDay([early, late].map(ofSession), ZONE).map((d) => d.entries.map((e) => e.id))).toEqual([
      ['late'],
      ['early'],
    ]);
    expect(byDay([early, late].map(ofSession), 'UTC').length).toBe(1);
  });
});

describe('one’s own agenda', () => {
  test('holds what was marked, what one goes to and meetings that stand', () => {
    const sessions = [session('fav', 1, { favourite: true }), session('go', 2, { attending: true }), session('no', 3)];
    const meetings = [
      meeting('yes', 4),
      meeting('off', 5, { standing: 'cancelled' }),
      meeting('ask', 6, { standing: 'waiting_for_me' }),
    ];
    expect(myAgenda(sessions, meetings).map((e) => e.id)).toEqual(['fav', 'go', 'yes', 'ask']);
  });

  test('clashes with what one goes to and with meetings agreed, and with nothing that merely touches', () => {
    const it = session('it', 1);
    const sessions = [
      it,
      session('same', 1.5, { attending: true }),
      session('after', 2, { attending: true }),
      session('fav', 1, { favourite: true }),
    ];
    const meetings = [meeting('with', 0.5), meeting('maybe', 1, { standing: 'waiting_for_them' })];
    expect(clashesOf(it, sessions, meetings).map((e) => e.id)).toEqual(['same', 'with']);
    expect(clashesOf({ ...it, cancelled: { reason: '' } }, sessions, meetings)).toEqual([]);
  });
});

describe('free slots', () => {
  const busyAt = fc.record({ start: fc.integer({ min: -600, max: 6_000 }), length: fc.integer({ min: 1, max: 300 }) });
  test('never overlap what is taken, lie in the venue’s day, in the future, in order and apart', () => {
    fc.assert(
      fc.property(fc.array(busyAt, { maxLength: 20 }), fc.constantFrom(15, 30, 60), (taken, minutes) => {
        const busy = taken.map(({ start, length }) => ({
          starts_at: NOW + start * 60_000,
          ends_at: NOW + (start + length) * 60_000,
        }));
        const slots = freeSlots({ now: NOW, busy, zone: ZONE, minutes, count: 6, from: 0 });
        slots.forEach((slot, i) => {
          expect(slot.ends_at - slot.starts_at).toBe(minutes * 60_000);
          expect(busy.some((b) => overlaps(b, slot))).toBe(false);
          expect(slot.starts_at).toBeGreaterThan(NOW);
          const [midnight] = dayBounds(slot.starts_at, ZONE);
          expect(slot.starts_at).toBeGreaterThanOrEqual(midnight + 8 * HOUR);
          expect(slot.ends_at).toBeLessThanOrEqual(midnight + 18 * HOUR);
          expect(slot.starts_at).toBeGreaterThanOrEqual(slots[i - 1]?.ends_at ?? 0);
        });
      }),
    );
  });

  test('free for both fit into the server’s half hours, and leave out what only this device knows', () => {
    const half = (n: number) => ({ starts_at: NOW + n * 30 * 60_000, ends_at: NOW + (n + 1) * 30 * 60_000 });
    const free = [half(0), half(1), half(4), half(6), half(7)];
    const starts = (minutes: number, busy = [half(100)]) =>
      commonSlots(free, { busy, minutes, count: 9 }).map((s) => (s.starts_at - NOW) / (30 * 60_000));
    expect(starts(30)).toEqual([0, 4, 6]);
    expect(starts(60)).toEqual([0, 6]);
    expect(starts(60, [half(7)])).toEqual([0]);
  });

  test('are there when nothing is taken', () => {
    expect(freeSlots({ now: NOW, busy: [], zone: ZONE, minutes: 30, count: 4, from: 0 })).toHaveLength(4);
  });
});

describe('wall clocks', () => {
  test('read back what they write, in any zone and season', () => {
    const zone = fc.constantFrom('Pacific/Auckland', 'UTC', 'America/St_Johns', 'Europe/Berlin', 'Pacific/Chatham');
    const minute = fc.integer({ min: 0, max: 60 * 24 * 365 * 20 });
    fc.assert(
      fc.property(zone, minute, (timeZone, m) => {
        const at = Date.UTC(2020, 0, 1) + m * 60_000;
        const back = fromField(toField(at, timeZone), timeZone) ?? 0;
        // The hour that comes twice in autumn is read as its first.
        expect([at, at - HOUR]).toContain(back);
      }),
    );
  });

  test('a time in the spring’s missing hour is still some instant, and nonsense is none', () => {
    expect(fromField('2026-09-27T02:30', 'Pacific/Auckland')).not.toBeNull();
    expect(fromField('soon', 'UTC')).toBeNull();
  });
});
