import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { isId } from './id.ts';
import { channelLog, directLog, eventLog, inboxLog, parseLogName, peerOf } from './log-name.ts';

const id = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._~@-]{0,63}$/);

test('every name that can be made can be taken apart again', () => {
  fc.assert(
    fc.property(id, id, (a, b) => {
      expect(parseLogName(channelLog(a))).toEqual({ kind: 'channel', channel: a });
      expect(parseLogName(eventLog(a))).toEqual({ kind: 'event', event: a });
      expect(parseLogName(inboxLog(a))).toEqual({ kind: 'inbox', user: a });
      expect(parseLogName(directLog(a, b))).toEqual({ kind: 'direct', users: a < b ? [a, b] : [b, a] });
    }),
  );
});

// proves PR-8
test('two people share one log from either side, and each sees the other in it', () => {
  fc.assert(
    fc.property(id, id, (a, b) => {
      expect(directLog(a, b)).toBe(directLog(b, a));
      expect(peerOf(directLog(a, b), a)).toBe(b);
    }),
  );
  expect(peerOf('dm:a:b', 'c')).toBeNull();
  expect(peerOf('ch:a', 'a')).toBeNull();
  expect(peerOf(directLog('me', 'me'), 'me')).toBe('me');
});

test('what is no log name is refused, so that no log has two names', () => {
  for (const bad of [
    '',
    'ch',
    'ch:',
    'ch:a:b',
    'dm:a',
    'dm:a:',
    'dm::a',
    'dm:b:a',
    'dm:a:b:c',
    'xx:a',
    ':a',
    'in:a:b',
  ]) {
    expect(parseLogName(bad)).toBeNull();
  }
});

test('a parsed name holds only valid ids', () => {
  for (const bad of ['ch:a b', 'ch:../x', 'dm:a:é', 'in:-a', `ev:${'x'.repeat(65)}`, 'ch:a\n'])
    expect(parseLogName(bad)).toBeNull();
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 20 }), fc.constantFrom('ch:', 'ev:', 'in:'), (text, prefix) => {
      const address = parseLogName(prefix + text);
      expect(address === null).toBe(!isId(text));
    }),
  );
});
