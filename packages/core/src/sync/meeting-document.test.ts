import { describe, expect, test } from 'bun:test';
import type { Envelope } from '@konferenco/protocol';
import type { DocumentState } from './document.ts';
import { applyOperation } from './documents.ts';
import { viewMeeting } from './meeting-document.ts';
import { agendaOf, at, HOUR, MEETING, meetingOf, NOON } from './test-operations.ts';

const KEY = `meeting/${MEETING}`;
const slot = (hours: number) => ({ starts_at: NOON + hours * HOUR, ends_at: NOON + (hours + 1) * HOUR });
const request = meetingOf('request', 'ana', 'ben', { title: 'Walk', place: 'Gate', ...slot(1), dot: 'a:1', at: at(0) });
const answer = (subtype: string, proposal: string, ticks: number, from = 'ben') =>
  meetingOf(subtype, from, from === 'ben' ? 'ana' : 'ben', { proposal, dot: `${from}:${ticks}`, at: at(ticks) });
const propose = (from: string, dot: string, ticks: number, hours: number) =>
  meetingOf('propose_time', from, from === 'ben' ? 'ana' : 'ben', { ...slot(hours), dot, at: at(ticks) });

const after = (...operations: readonly Envelope[]) =>
  operations.reduce<DocumentState | null>((state, one) => applyOperation(KEY, state, one), null);
const standing = (me: string, ...operations: readonly Envelope[]) => viewMeeting(after(...operations), me)?.standing;

describe('a meeting', () => {
  test('waits for the one who was asked, and is agreed or declined by them alone', () => {
    expect(standing('ana', request)).toBe('waiting_for_them');
    expect(standing('ben', request)).toBe('waiting_for_me');
    expect(standing('ana', request, answer('accept', 'a:1', 1))).toBe('agreed');
    expect(standing('ana', request, answer('decline', 'a:1', 1))).toBe('declined');
    expect(standing('ben', request, answer('accept', 'a:1', 1, 'ana'))).toBe('waiting_for_me');
  });

  test('is nobody else’s, and nothing before the request has come', () => {
    expect(viewMeeting(after(request), 'zoe')).toBeNull();
    expect(viewMeeting(after(answer('accept', 'a:1', 1)), 'ana')).toBeNull();
    const foreign = meetingOf('cancel', 'zoe', 'ben', { dot: 'z:1', at: at(9) });
    expect(standing('ben', request, foreign)).toBe('waiting_for_me');
  });

  // proves CF-3
  test('accepted at a time that had changed waits for another answer, and says that it was agreed before', () => {
    const moved = [request, answer('accept', 'a:1', 1), propose('ana', 'a:2', 2, 3)];
    expect(viewMeeting(after(...moved), 'ben')).toMatchObject({
      standing: 'waiting_for_me',
      accept_again: true,
      ...slot(3),
      place: 'Gate',
    });
    expect(viewMeeting(after(...moved), 'ana')).toMatchObject({ standing: 'waiting_for_them', accept_again: false });
    expect(standing('ben', ...moved, answer('accept', 'a:2', 4))).toBe('agreed');
    expect(viewMeeting(after(request, propose('ben', 'b:1', 1, 2)), 'ana')).toMatchObject({
      standing: 'waiting_for_me',
      accept_again: false,
    });
  });

  // proves CF-2
  test('has of two times proposed at once the later one, on both sides', () => {
    const both = [request, propose('ana', 'a:2', 5, 2), propose('ben', 'b:1', 6, 3)];
    for (const me of ['ana', 'ben']) {
      expect(viewMeeting(after(...both), me)).toMatchObject({ proposal: 'b:1', proposed_by: 'ben', ...slot(3) });
      expect(viewMeeting(after(...both.toReversed()), me)).toMatchObject({ proposal: 'b:1' });
    }
  });

  // proves CF-5
  test('is cancelled for good', () => {
    const cancel = meetingOf('cancel', 'ana', 'ben', { reason: 'Train', dot: 'a:9', at: at(1) });
    const late = [answer('accept', 'a:1', 9), propose('ben', 'b:9', 9, 5)];
    expect(viewMeeting(after(request, cancel, ...late), 'ben')).toMatchObject({
      standing: 'cancelled',
      reason: 'Train',
    });
  });

  // proves CF-7
  test('keeps every item that both put on the agenda at once, in one order', () => {
    const insert = (from: string, item: string, after: string | null, ticks: number) =>
      agendaOf(
        from,
        from === 'ana' ? 'ben' : 'ana',
        { op: 'insert', item, after, text: item },
        { dot: item, at: at(ticks) },
      );
    const changes = [
      insert('ana', 'a:2', null, 1),
      insert('ana', 'a:3', 'a:2', 2),
      insert('ben', 'b:1', 'a:2', 3),
      agendaOf('ben', 'ana', { op: 'set', item: 'a:3', text: 'Third', done: true }, { dot: 'b:2', at: at(4) }),
      agendaOf('ana', 'ben', { op: 'remove', item: 'a:2' }, { dot: 'a:4', at: at(5) }),
    ];
    const expected = [
      { id: 'b:1', text: 'b:1', done: false },
      { id: 'a:3', text: 'Third', done: true },
    ];
    expect(viewMeeting(after(request, ...changes), 'ana')?.agenda).toEqual(expected);
    expect(viewMeeting(after(...changes.toReversed(), request), 'ben')?.agenda).toEqual(expected);
  });
});
