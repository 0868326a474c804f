import { expect, test } from 'bun:test';
import { interestsOf } from './interest.ts';

test('an entry is for those who hear its log and for the inboxes it is pointed to, each once', () => {
  const entry = { offset: 1, at: 1, envelope: '{}', rank: 1 };
  const pointers = [
    { user: 'ann', inbox: 1, reason: 'direct' },
    { user: 'ben', inbox: 4, reason: 'direct' },
    { user: 'ann', inbox: 2, reason: 'mention' },
  ] as const;
  expect(interestsOf({ kind: 'entry', log: 'dm:ann:ben', entry, pointers })).toEqual([
    'dm:ann:ben',
    'in:ann',
    'in:ben',
  ]);
});

test('what passes is for its log, or for the one person it is addressed to', () => {
  const typing = { kind: 'transient', log: 'ch:hall', envelope: '{}', key: 'ann' } as const;
  expect(interestsOf(typing)).toEqual(['ch:hall']);
  expect(interestsOf({ ...typing, to: 'ben' })).toEqual(['in:ben']);
});

test('changes of accounts are for every node: each may have cached them', () => {
  expect(interestsOf({ kind: 'revoked', user: 'ann', reason: 'banned' })).toBeNull();
  expect(interestsOf({ kind: 'changed', what: 'profile', id: 'ann' })).toBeNull();
});

test('presence is for the nodes that watch the person or the channel, questions for those that may know', () => {
  const lease = { user: 'ann', status: 'away', version: 1 } as const;
  expect(interestsOf({ kind: 'presence', node: 'north', ...lease })).toEqual(['presence:ann']);
  expect(interestsOf({ kind: 'roster', node: 'north', to: 'south', leases: [lease] })).toEqual(['node:south']);
  const crowd = {
    kind: 'crowd',
    node: 'north',
    channel: 'hall',
    version: 1,
    after: null,
    count: 0,
    present: [],
  } as const;
  expect(interestsOf(crowd)).toEqual(['crowd:hall']);
  expect(interestsOf({ kind: 'watched', node: 'south', channel: 'hall', whole: true })).toEqual(['ch:hall']);
  expect(interestsOf({ kind: 'who', node: 'south', users: ['ann'] })).toBeNull();
});
