import { describe, expect, test } from 'bun:test';
import type { DocumentState, SessionView } from './document.ts';
import { applyOperation } from './documents.ts';
import { noticesOf } from './notices.ts';
import { viewSession } from './session-document.ts';
import { at, HOUR, NOON, scheduleOf, sessionChange } from './test-operations.ts';

const KEY = 'session/repo';
const SLOT = { starts_at: NOON, ends_at: NOON + HOUR };

const apply = (state: DocumentState | null, ...envelopes: readonly Parameters<typeof applyOperation>[2][]) =>
  envelopes.reduce<DocumentState | null>((before, one) => applyOperation(KEY, before, one), state);
const viewOf = (state: DocumentState | null) => (state ? viewSession(KEY, state) : null);
const put = sessionChange('hemi', { title: 'Repo', room: 'A', ...SLOT }, 'h:1', 0);
const cancel = (dot: string, ticks: number) =>
  scheduleOf('session_cancelled', 'hemi', { session: 'repo', dot, at: at(ticks), reason: 'Rain' });

describe('a session', () => {
  test('is not shown before its title and times are known', () => {
    expect(viewOf(apply(null, sessionChange('hemi', { title: 'Repo' }, 'h:1', 0)))).toBeNull();
    expect(viewOf(apply(null, put))).toEqual({
      id: 'repo',
      title: 'Repo',
      room: 'A',
      ...SLOT,
      speakers: [],
      abstract: '',
      cancelled: null,
    });
  });

  // proves CF-1
  test('keeps of each field what was written last, whoever wrote it and whenever it came', () => {
    const mere = sessionChange('mere', { room: 'B' }, 'm:1', 5);
    const hemi = sessionChange('hemi', { room: 'C', title: 'Wetlands' }, 'h:2', 3);
    expect(viewOf(apply(null, put, mere, hemi))).toMatchObject({ room: 'B', title: 'Wetlands' });
    expect(viewOf(apply(null, hemi, mere, put))).toMatchObject({ room: 'B', title: 'Wetlands' });
  });

  // proves CF-6
  test('is cancelled and taken back by whoever spoke last', () => {
    const back = (ticks: number) => sessionChange('mere', { cancelled: false }, 'm:2', ticks);
    expect(viewOf(apply(null, put, cancel('h:2', 4), back(3)))?.cancelled).toEqual({ reason: 'Rain' });
    expect(viewOf(apply(null, put, cancel('h:2', 4), back(5)))?.cancelled).toBeNull();
  });
});

describe('what a person is told', () => {
  const before: SessionView = {
    id: 'repo',
    title: 'Repo',
    room: 'A',
    ...SLOT,
    speakers: [{ name: 'Mere' }],
    abstract: '',
    cancelled: null,
  };

  // proves SY-29
  test('is one line for each field that differs in the end, however often it changed', () => {
    const after = { ...before, room: 'B', starts_at: NOON + HOUR, speakers: [{ name: 'Mere' }, { name: 'Sefa' }] };
    expect(noticesOf(before, after)).toEqual([
      { field: 'time', was: NOON, now: NOON + HOUR },
      { field: 'room', was: 'A', now: 'B' },
      { field: 'speakers', was: 'Mere', now: 'Mere, Sefa' },
    ]);
    expect(noticesOf(before, before)).toEqual([]);
    expect(noticesOf(null, after)).toEqual([]);
  });

  test('begins with a cancellation, or that it was taken back', () => {
    const gone = { ...before, cancelled: { reason: 'Rain' } };
    expect(noticesOf(before, gone)).toEqual([{ field: 'cancelled', reason: 'Rain' }]);
    expect(noticesOf(gone, { ...before, title: 'New' })).toEqual([
      { field: 'reinstated' },
      { field: 'title', was: 'Repo', now: 'New' },
    ]);
  });
});
