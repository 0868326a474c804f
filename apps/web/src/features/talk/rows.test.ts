import { describe, expect, test } from 'bun:test';
import type { Message } from '@konferenco/client';
import fc from 'fast-check';
import { createMessages, ME, NOW } from '../../testing/world.ts';
import { buildRows } from './rows.ts';

const MINUTE = 60_000;
const options = { me: ME.id, hasOlder: false, read: null } as const;

function said(...parts: readonly Partial<Message>[]): readonly Message[] {
  const make = createMessages('ch:x');
  return parts.map((p) => make(p));
}
const kinds = (rows: ReturnType<typeof buildRows>) => rows.map((r) => r.kind);

describe('rows of a timeline', () => {
  test('a day is announced before its first message, and once', () => {
    const timeline = said({ timestamp: NOW - 48 * 60 * MINUTE }, { timestamp: NOW - MINUTE }, { timestamp: NOW });
    expect(kinds(buildRows(timeline, options))).toEqual(['start', 'day', 'message', 'day', 'message', 'message']);
  });

  test('messages of one sender within five minutes are one group', () => {
    const timeline = said(
      { timestamp: NOW },
      { timestamp: NOW + 4 * MINUTE },
      { timestamp: NOW + 10 * MINUTE },
      { timestamp: NOW + 11 * MINUTE, sender: 'other' },
    );
    const firsts = buildRows(timeline, options).flatMap((r) => (r.kind === 'message' ? [r.first] : []));
    expect(firsts).toEqual([true, false, true, true]);
  });

  test('the line stands above the first unread message of somebody else, not above one’s own', () => {
    const timeline = said({ sender: 'o' }, {}, { sender: 'o' }, { sender: 'o' });
    expect(kinds(buildRows(timeline, { ...options, read: 1 }))).toEqual([
      'start',
      'day',
      'message',
      'message',
      'new',
      'message',
      'message',
    ]);
  });

  test('where everything is new there is no line above it all', () => {
    expect(kinds(buildRows(said({ sender: 'o' }, { sender: 'o' }), { ...options, read: 0 }))).not.toContain('new');
    expect(kinds(buildRows(said({ sender: 'o' }), { ...options, hasOlder: true, read: 0 }))).toContain('new');
  });

  test('with everything read there is no line', () => {
    expect(kinds(buildRows(said({ sender: 'o' }), { ...options, read: 1 }))).not.toContain('new');
  });

  test('keys are unique, and a message keeps its key when older ones load', () => {
    const entry = fc.record({
      sender: fc.constantFrom('a', 'b'),
      timestamp: fc.integer({ min: NOW - 5 * 86_400_000, max: NOW }),
    });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 40 }), fc.nat(20), (parts, cut) => {
        const all = said(...parts.toSorted((a, b) => a.timestamp - b.timestamp));
        const rows = buildRows(all, options);
        expect(new Set(rows.map((r) => r.key)).size).toBe(rows.length);
        const keysOf = (timeline: readonly Message[]) =>
          buildRows(timeline, options).flatMap((r) => (r.kind === 'message' ? [r.key] : []));
        const newest = keysOf(all.slice(cut));
        expect(keysOf(all).slice(all.length - newest.length)).toEqual(newest);
      }),
    );
  });

  test('a gap is a row of its own and ends the group', () => {
    const [a, b] = said({ timestamp: NOW }, { timestamp: NOW });
    if (!a || !b) throw new Error('two messages were made');
    const rows = buildRows([a, { kind: 'gap', from: 2, to: 9, reason: 'skipped' }, b], options);
    expect(kinds(rows)).toEqual(['start', 'day', 'message', 'gap', 'message']);
    expect(rows.at(-1)).toMatchObject({ first: true });
  });
});
