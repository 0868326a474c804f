import { describe, expect, test } from 'bun:test';
import type { Envelope, MeetingAgendaChange, StateOperation } from '@konferenco/protocol';
import fc from 'fast-check';
import { viewAttendance } from './attendance-document.ts';
import type { DocumentState } from './document.ts';
import { applyOperation } from './documents.ts';
import { viewMeeting } from './meeting-document.ts';
import { viewNotes } from './notes-document.ts';
import { viewFields } from './personal-fields.ts';
import { viewSet } from './personal-set.ts';
import { viewSession } from './session-document.ts';
import { agendaOf, at, HOUR, MEETING, meetingOf, NOON, scheduleOf, stateOf } from './test-operations.ts';

const replica = fc.constantFrom('a', 'b', 'c');
const dot = fc.tuple(replica, fc.integer({ min: 1, max: 6 })).map(([name, sequence]) => `${name}:${sequence}`);
const dots = fc.array(dot, { maxLength: 4 });
const ticks = fc.integer({ min: 0, max: 5 });
/** Every operation gets a dot of its own below. */
const stamp = ticks.map((tick) => ({ dot: 'a:1', at: at(tick) }));
/** Names that plain objects already know are names like any other. */
const element = fc.constantFrom('repo', 'constructor', 'toString');
const text = fc.constantFrom('one', 'two', 'three');

const setOperation = fc
  .oneof(
    fc.record({ op: fc.constant('add' as const), element, seen: dots }),
    fc.record({ op: fc.constant('remove' as const), element, tags: dots }),
    fc.record({ op: fc.constant('remove' as const), element, tags: dots, admin: fc.constant(true as const) }),
  )
  .chain((operation) => stamp.map((by) => stateOf('mere', { on: 'channels', ...operation, ...by } as StateOperation)));

const fieldOperation = fc
  .record({ field: fc.constantFrom('name', 'constructor'), value: fc.option(text), by: stamp })
  .map(({ field, value, by }) => stateOf('mere', { on: 'settings', op: 'set', field, value, ...by }));

const slot = fc.integer({ min: 0, max: 3 }).map((hour) => ({
  starts_at: NOON + hour * HOUR,
  ends_at: NOON + (hour + 1) * HOUR,
}));

const sessionOperation = fc.oneof(
  fc
    .record({ title: text, room: text, slot, by: stamp })
    .map(({ title, room, slot, by }) =>
      scheduleOf('session_change', 'hemi', { session: 'repo', ...by, set: { title, room, ...slot } }),
    ),
  fc
    .record({ room: text, by: stamp })
    .map(({ room, by }) => scheduleOf('session_change', 'hemi', { session: 'repo', ...by, set: { room } })),
  stamp.map((by) => scheduleOf('session_change', 'hemi', { session: 'repo', ...by, set: { cancelled: false } })),
  fc
    .record({ reason: text, by: stamp })
    .map(({ reason, by }) => scheduleOf('session_cancelled', 'hemi', { session: 'repo', ...by, reason })),
  fc
    .record({ name: text, by: stamp })
    .map(({ name, by }) => scheduleOf('speaker_update', 'hemi', { session: 'repo', ...by, speakers: [{ name }] })),
);

const pair = fc.constantFrom(['ana', 'ben'] as const, ['ben', 'ana'] as const);
const meetingOperation = pair.chain(([from, to]) =>
  fc.oneof(
    fc
      .record({ title: text, slot, by: stamp })
      .map(({ title, slot, by }) => meetingOf('request', from, to, { title, ...slot, ...by })),
    fc.record({ slot, by: stamp }).map(({ slot, by }) => meetingOf('propose_time', from, to, { ...slot, ...by })),
    fc
      .record({ proposal: dot, subtype: fc.constantFrom('accept', 'decline'), by: stamp })
      .map(({ proposal, subtype, by }) => meetingOf(subtype, from, to, { proposal, ...by })),
    fc.record({ reason: text, by: stamp }).map(({ reason, by }) => meetingOf('cancel', from, to, { reason, ...by })),
    fc
      .record({ item: dot, after: fc.option(dot), text, by: stamp })
      .map(({ item, after, text, by }) => agendaOf(from, to, { op: 'insert', item, after, text }, by)),
    fc
      .record({ item: dot, text, done: fc.boolean(), by: stamp })
      .map(({ item, text, done, by }) => agendaOf(from, to, { op: 'set', item, text, done }, by)),
    fc.record({ item: dot, by: stamp }).map(({ item, by }) => agendaOf(from, to, { op: 'remove', item }, by)),
  ),
);

const notesOperation = fc
  .constantFrom('AAA=', 'AQE=', 'AgI=')
  .map((update) => meetingOf('notes_change', 'ana', 'ben', { update }));

const attendanceOperation = fc
  .array(fc.record({ session: element, node: replica, positive: fc.nat(9), negative: fc.nat(3) }), {
    minLength: 1,
    maxLength: 3,
  })
  .map((counts) => scheduleOf('attendance', 'system', { counts }));

interface Kind {
  readonly key: string;
  readonly operation: fc.Arbitrary<Envelope>;
  readonly view: (state: DocumentState) => unknown;
}

const request = meetingOf('request', 'ana', 'ben', {
  title: 'walk',
  starts_at: NOON,
  ends_at: NOON + HOUR,
  dot: 'z:1',
  at: at(0),
});

const KINDS: readonly Kind[] = [
  { key: 'channels', operation: setOperation, view: viewSet },
  { key: 'settings', operation: fieldOperation, view: viewFields },
  { key: 'session/repo', operation: sessionOperation, view: (state) => viewSession('session/repo', state) },
  {
    key: `meeting/${MEETING}`,
    operation: meetingOperation,
    view: (state) => [viewMeeting(state, 'ana'), viewMeeting(state, 'ben')],
  },
  { key: `notes/${MEETING}`, operation: notesOperation, view: viewNotes },
  { key: 'attendance', operation: attendanceOperation, view: (state) => [...viewAttendance(state)].sort() },
];

/** Operations, each with the next dot of one of three replicas; an agenda item bears the dot that puts it there. */
function history(operation: fc.Arbitrary<Envelope>): fc.Arbitrary<Envelope[]> {
  return fc.array(fc.tuple(operation, replica), { minLength: 1, maxLength: 12 }).map((entries) =>
    entries.map(([{ payload, ...envelope }, name], index) => {
      const mine = entries.slice(0, index + 1).filter(([, other]) => other === name).length;
      const change = payload['change'] as MeetingAgendaChange['change'] | undefined;
      const own = `${name}:${mine}`;
      const inserted = change?.op === 'insert' ? { change: { ...change, item: own } } : {};
      return { ...envelope, payload: 'dot' in payload ? { ...payload, dot: own, ...inserted } : payload };
    }),
  );
}

function after(key: string, operations: readonly Envelope[]): DocumentState {
  return operations.reduce<DocumentState>((state, operation) => applyOperation(key, state, operation), { v: 1 });
}

function fold(key: string, operations: readonly Envelope[]): DocumentState | null {
  return operations.reduce<DocumentState | null>((state, operation) => applyOperation(key, state, operation), null);
}

// proves SY-1
describe('a document is the same whatever the order of its operations and however often each comes', () => {
  test.each(KINDS.map((kind) => [kind.key.replace(/\/.*/, ''), kind] as const))('%s', (_, { key, operation, view }) => {
    fc.assert(
      fc.property(
        history(operation).chain((operations) =>
          fc.record({
            operations: fc.constant(operations),
            shuffled: fc.shuffledSubarray([...operations, ...operations], { minLength: operations.length * 2 }),
          }),
        ),
        ({ operations, shuffled }) => {
          const one = fold(key, operations);
          const other = fold(key, shuffled);
          expect(other && view(other)).toEqual(one && view(one));
          // What is not shown yet, because something it refers to has not come, is the same as well.
          expect(other && [...operations, request].map((more) => view(applyOperation(key, other, more)))).toEqual(
            one && [...operations, request].map((more) => view(applyOperation(key, one, more))),
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  test('a state that went through JSON goes on as before', () => {
    fc.assert(
      fc.property(history(meetingOperation), (operations) => {
        const [first, ...rest] = operations;
        const key = `meeting/${MEETING}`;
        const state = JSON.parse(JSON.stringify(applyOperation(key, null, first!)));
        const resumed = rest.reduce((before, one) => applyOperation(key, before, one), state);
        expect(viewMeeting(resumed, 'ana')).toEqual(viewMeeting(fold(key, operations)!, 'ana'));
      }),
    );
  });

  test('an envelope about another document changes nothing', () => {
    const state = after('session/soil', []);
    const other = scheduleOf('session_change', 'hemi', { session: 'repo', dot: 'a:1', at: 1, set: { room: 'B' } });
    expect(applyOperation('session/soil', state, other)).toBe(state);
  });
});
