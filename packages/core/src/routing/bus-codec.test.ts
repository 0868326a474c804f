import { expect, test } from 'bun:test';
import type { BusRecord } from '../ports/bus.ts';
import fc from 'fast-check';
import { busCopyFor, decodeBusMessage, encodeBusMessage, encodeBusRecord } from './bus-codec.ts';

const entry: Extract<BusRecord, { kind: 'entry' }> = {
  kind: 'entry',
  log: 'dm:ann:ben',
  entry: { offset: 7, at: 1, envelope: '{"text":"ā \\" \\n"}', rank: 2 },
  pointers: [
    { user: 'ann', inbox: 3, reason: 'direct' },
    { user: 'ben', inbox: 9, reason: 'direct' },
    { user: 'ben', inbox: 10, reason: 'mention' },
  ],
};

test('records come out of a message as they went in', () => {
  const records: BusRecord[] = [
    entry,
    { kind: 'transient', log: 'ch:a', envelope: '{}', key: 'k' },
    { kind: 'changed', what: 'profile', id: 'ann' },
    { kind: 'revoked', user: 'ann', reason: 'banned' },
  ];
  expect(decodeBusMessage(encodeBusMessage(records.map(encodeBusRecord)))).toEqual({
    records,
    unknown: 0,
    malformed: 0,
  });
});

test('an inbox gets the pointers of its user, a log none', () => {
  expect(busCopyFor(entry, 'in:ben')).toEqual({ ...entry, pointers: entry.pointers.slice(1) });
  expect(busCopyFor(entry, 'dm:ann:ben')).toEqual({ ...entry, pointers: [] });
});

test('nothing that arrives makes it throw', () => {
  const shapes = fc.record({
    v: fc.constantFrom(1, 2, '1', null),
    records: fc.oneof(
      fc.jsonValue(),
      fc.array(
        fc.oneof(
          fc.jsonValue(),
          fc.record({ kind: fc.constantFrom('entry', 'node', 'roster', 'toString', '__proto__') }),
        ),
      ),
    ),
  });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        shapes.map((shape) => JSON.stringify(shape)),
      ),
      (text) => {
        const { records, unknown, malformed } = decodeBusMessage(text);
        if (records.length === 0 && unknown === 0 && malformed === 0) expect(JSON.parse(text).records).toEqual([]);
      },
    ),
  );
});

test('a later version and a later kind are unknown, not malformed; what is readable beside them is read', () => {
  expect(decodeBusMessage('{"v":9,"records":[1,2,3]}')).toEqual({ records: [], unknown: 3, malformed: 0 });
  const text = encodeBusMessage(['{"kind":"weather"}', encodeBusRecord(entry), '{"kind":"entry","log":"ch:a"}', '7']);
  expect(decodeBusMessage(text)).toEqual({ records: [entry], unknown: 1, malformed: 2 });
});
