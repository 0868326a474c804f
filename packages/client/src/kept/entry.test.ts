import { expect, test } from 'bun:test';
import { lineOf } from './entry.ts';

// proves PO-8
test('a line of the conversation list is kept without the position that stands last in its log', () => {
  const envelope = {
    id: 'id',
    type: 'location',
    subtype: 'position_update',
    from: { user_id: 'mere' },
    to: { type: 'user' as const, id: 'mere' },
    payload: { lat: -41.29, lng: 174.78 },
    timestamp: 1,
  };
  const line = { log: 'dm:mere:mere', state: { first: 1, head: 2 }, read: 1, muted: false };
  expect(lineOf({ ...line, last: { offset: 2, at: 1, envelope } })).toEqual({
    ...line,
    last: { offset: 2, at: 1, gone: 'erased', id: 'id' },
  });
  const said = { ...envelope, type: 'chat', subtype: 'direct_message', payload: { text: 'buy rope' } };
  expect(lineOf({ ...line, last: { offset: 2, at: 1, envelope: said } }).last?.envelope).toEqual(said);
  expect(lineOf(line)).toEqual(line);
});
