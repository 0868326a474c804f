import { expect, test } from 'bun:test';
import { ToldPresence } from './presence-told.ts';

test('whoever leaves a watched channel is still here when they are', () => {
  const presence = new ToldPresence();
  const both = [
    { user_id: 'mere', status: 'online' as const },
    { user_id: 'hone', status: 'away' as const },
  ];
  presence.take({ type: 'presence', channel: 'hall', count: 2, full: true, users: both });
  presence.take({ type: 'presence', users: [{ user_id: 'mere', status: 'online' }] });
  expect([presence.status('mere'), presence.status('hone'), presence.count('hall')]).toEqual(['online', 'away', 2]);
  const gone = both.map(({ user_id }) => ({ user_id, status: 'offline' as const }));
  presence.take({ type: 'presence', channel: 'hall', count: 0, users: gone });
  expect([presence.status('mere'), presence.status('hone'), presence.count('hall')]).toEqual(['online', undefined, 0]);
});

test('a channel with too many people to be named names nobody any more', () => {
  const presence = new ToldPresence();
  presence.take({
    type: 'presence',
    channel: 'hall',
    count: 1,
    full: true,
    users: [{ user_id: 'mere', status: 'busy' }],
  });
  presence.take({ type: 'presence', channel: 'hall', count: 201, users: [] });
  expect([presence.status('mere'), presence.count('hall')]).toEqual([undefined, 201]);
});

test('what is watched no more is not shown as it once was', () => {
  const presence = new ToldPresence();
  presence.take({ type: 'presence', users: [{ user_id: 'mere', status: 'online' }] });
  presence.take({ type: 'presence', channel: 'hall', count: 5, full: true, users: [] });
  presence.keep({ users: ['hone'] });
  expect([presence.status('mere'), presence.count('hall')]).toEqual([undefined, undefined]);
});
