import { expect, test } from 'bun:test';
import { type Envelope, PRIORITY_RANK } from '@konferenco/protocol';
import { entryOf, reminted } from './outbox-entry.ts';

const NOW = 1_900_000_000_000;
const envelope = (fields: Partial<Envelope>): Envelope => ({
  id: 'a',
  type: 'chat',
  subtype: 'channel_message',
  from: { user_id: 'mere' },
  to: { type: 'channel', id: 'hall' },
  payload: { text: 'kia ora' },
  timestamp: NOW + 5,
  ...fields,
});

test('an entry is as urgent as its type, and less where the sender says so, never more', () => {
  const of = (fields: Partial<Envelope>, rank?: number) =>
    entryOf({ log: 'ch:hall', envelope: envelope(fields), ...(rank === undefined ? {} : { rank }) }, NOW).priority;
  expect(of({})).toBe(PRIORITY_RANK.normal);
  expect(of({ priority: 'low' })).toBe(PRIORITY_RANK.low);
  expect(of({ priority: 'critical' })).toBe(PRIORITY_RANK.normal);
  expect(of({}, PRIORITY_RANK.critical)).toBe(PRIORITY_RANK.critical);
  expect(of({ priority: 'low' }, PRIORITY_RANK.critical)).toBe(PRIORITY_RANK.low);
});

test('an entry under a new id keeps all but a time that lies ahead', () => {
  const entry = entryOf({ log: 'ch:hall', envelope: envelope({}) }, NOW);
  const again = reminted(entry, 'b', NOW);
  expect(again).toMatchObject({ id: 'b', log: 'ch:hall', created_at: NOW, priority: PRIORITY_RANK.normal });
  expect(JSON.parse(again.envelope)).toEqual(envelope({ id: 'b', timestamp: NOW }));
  expect(JSON.parse(reminted(entry, 'b', NOW + 9).envelope)).toMatchObject({ timestamp: NOW + 5 });
});
