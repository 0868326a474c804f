import { describe, expect, test } from 'bun:test';
import type { Envelope } from '@konferenco/protocol';
import { conflictsAfter } from './conflict-policy.ts';
import type { DocumentState } from './document.ts';
import { applyOperation } from './documents.ts';
import { agendaOf, at, HOUR, MEETING, meetingOf, NOON, sessionChange, stateOf } from './test-operations.ts';

function told(me: string, key: string, mine: readonly Envelope[], theirs: Envelope, before: readonly Envelope[] = []) {
  const state = [...before, ...mine, theirs].reduce<DocumentState | null>(
    (known, one) => applyOperation(key, known, one),
    null,
  );
  return conflictsAfter({ me, key, state: state ?? { v: 1 }, theirs, mine });
}

describe('of two who changed one thing at once, who lost is told', () => {
  const room = (by: string, name: string, ticks: number) => sessionChange(by, { room: name }, `${by}:1`, ticks);

  // proves CF-1
  test('which field, and who', () => {
    expect(told('mere', 'session/repo', [room('mere', 'A', 1)], room('hemi', 'B', 2))).toEqual([
      {
        ...{ kind: 'overridden', document: 'session/repo', field: 'room', by: 'hemi' },
        mine: { value: 'A', dot: 'mere:1', at: at(1) },
        theirs: { value: 'B', dot: 'hemi:1', at: at(2) },
      },
    ]);
  });

  test.each([
    ['the later one', [room('mere', 'A', 3)], room('hemi', 'B', 2)],
    ['who wrote the same', [room('mere', 'B', 1)], room('hemi', 'B', 2)],
    ['who said something later still', [room('mere', 'A', 1), room('mere', 'C', 3)], room('hemi', 'B', 2)],
    ['who changed another field', [sessionChange('mere', { title: 'T' }, 'mere:1', 1)], room('hemi', 'B', 2)],
    ['oneself on another device', [room('mere', 'A', 1)], room('mere', 'B', 2)],
    ['who had written nothing', [], room('hemi', 'B', 2)],
  ])('but not %s', (_, mine, theirs) => {
    expect(told('mere', 'session/repo', mine, theirs)).toEqual([]);
  });

  // proves CF-7
  test('also of an item of the agenda', () => {
    const set = (from: string, to: string, text: string, ticks: number) =>
      agendaOf(from, to, { op: 'set', item: 'a:2', text, done: false }, { dot: `${from}:1`, at: at(ticks) });
    expect(told('ana', `meeting/${MEETING}`, [set('ana', 'ben', 'x', 1)], set('ben', 'ana', 'y', 2))).toMatchObject([
      { kind: 'overridden', document: `meeting/${MEETING}`, field: 'agenda.a:2', by: 'ben' },
    ]);
  });
});

// proves CF-8
test('of minutes that both write nobody is told anything', () => {
  const write = (from: string, to: string, update: string) =>
    meetingOf('notes_change', from, to, { meeting: MEETING, update });
  expect(told('ana', `notes/${MEETING}`, [write('ana', 'ben', 'AA==')], write('ben', 'ana', 'AQ=='))).toEqual([]);
});

describe('a meeting', () => {
  const key = `meeting/${MEETING}`;
  const slot = (hours: number) => ({ starts_at: NOON + hours * HOUR, ends_at: NOON + (hours + 1) * HOUR });
  const request = meetingOf('request', 'ana', 'ben', { title: 'Walk', ...slot(1), dot: 'a:1', at: at(0) });
  const moved = meetingOf('propose_time', 'ana', 'ben', { ...slot(2), dot: 'a:2', at: at(3) });
  const accept = meetingOf('accept', 'ben', 'ana', { proposal: 'a:1', dot: 'b:1', at: at(4) });

  // proves CF-3
  test('that was moved before the acceptance arrived is to be accepted again', () => {
    expect(told('ben', key, [accept], moved, [request])).toEqual([{ kind: 'accept_again', meeting: MEETING }]);
    expect(told('ben', key, [], moved, [request])).toEqual([]);
  });

  // proves CF-2
  test('for which both proposed a time has the later one, and the other is told', () => {
    const mine = meetingOf('propose_time', 'ben', 'ana', { ...slot(5), dot: 'b:1', at: at(1) });
    expect(told('ben', key, [mine], moved, [request])).toMatchObject([
      { kind: 'overridden', document: key, field: 'time', by: 'ana' },
    ]);
  });
});

// proves CF-4
test('who joined a channel while an organiser removed them is told that they were removed', () => {
  const join = (seen: string[]) =>
    stateOf('ben', { on: 'channels', op: 'add', element: 'wai', dot: 'b:1', at: at(1), seen });
  const removal = stateOf(
    'ben',
    { on: 'channels', op: 'remove', element: 'wai', tags: [], admin: true, dot: 'srv~x:1', at: at(2) },
    'system',
  );
  expect(told('ben', 'channels', [join([])], removal)).toEqual([{ kind: 'removed', channel: 'wai' }]);
  expect(told('ben', 'channels', [join(['srv~x:1'])], removal)).toEqual([]);
});
