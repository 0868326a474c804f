import { expect, test } from 'bun:test';
import type { Command } from '@konferenco/core';
import fc from 'fast-check';
import { decodeBatch, encodeBatch, encodeCall } from './batch-codec.ts';

const text = fc.string({ unit: 'binary' });
const append = fc.record(
  {
    log: text,
    id: text,
    sender: text,
    envelope: text,
    expires_at: fc.nat(),
    thread: text,
    text,
    notify: fc.array(fc.record({ user: text, reason: fc.constantFrom('direct', 'mention', 'notice') }), {
      minLength: 1,
    }),
  },
  { requiredKeys: ['log', 'id', 'sender', 'envelope', 'expires_at'], noNullPrototype: true },
);
const command: fc.Arbitrary<Command> = fc.oneof(
  append.map((one) => ({ appends: [one] })),
  fc.array(append, { maxLength: 3 }).map((appends) => ({ appends, erases: [{ log: 'ch:\n1', offset: 3 }] })),
  fc.constant<Command>({ changes: [{ collection: 'c', key: 'k', value: { a: ['\u2028"', null] } }] }),
);

test('calls of any commands come out as they went in', () => {
  fc.assert(
    fc.property(fc.array(fc.array(command, { maxLength: 4 }), { maxLength: 5 }), (calls) => {
      expect(decodeBatch(encodeBatch(calls.map(encodeCall)))).toEqual(calls as Command[][]);
    }),
  );
});
