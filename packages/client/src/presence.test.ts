import { expect, test } from 'bun:test';
import { Presence } from './presence.ts';
import type { Wire } from './request.ts';

const offlineWire = { online: false } as Wire;
const start = () => new Presence(offlineWire, () => {});

test('whoever leaves a watched channel is still here when they are', () => {
  const presence = start();
  presence.watch({ users: ['mere'], channels: ['hall'] });
  const both = [
    { user_id: 'mere', status: 'online' as const },
    { user_id: 'hone', status: 'away' as const },
  ];
  presence.take({ type: 'presence', channel: 'hall', count: 2, full: true, users: both });
  presence.take({ type: 'presence', users: [{ user_id: 'mere', status: 'online' }] });
  expect([presence.status('mere'), presence.status('hone'), presence.count('hall')]).toEqual(['online', 'away', 2]);
  const gone = both.map(({ user_id }) => ({ user_id, status: 'offline' as const }));
  presence.take({ type: 'presence', channel: 'hall', count: 0, users: gone });
  expect([presence.status('mere'), presence.status('hone'), presence.count('hall')]).toEqual(['online', 'offline', 0]);
});

test('a channel with too many people to be named names nobody any more', () => {
  const presence = start();
  presence.watch({ channels: ['hall'] });
  presence.take({
    type: 'presence',
    channel: 'hall',
    count: 1,
    full: true,
    users: [{ user_id: 'mere', status: 'busy' }],
  });
  presence.take({ type: 'presence', channel: 'hall', count: 201, users: [] });
  expect([presence.status('mere'), presence.count('hall')]).toEqual(['offline', 201]);
});

test('what is watched no more is not shown as it once was', () => {
  const presence = start();
  presence.watch({ users: ['mere'], channels: ['hall'] });
  presence.take({ type: 'presence', users: [{ user_id: 'mere', status: 'online' }] });
  presence.take({ type: 'presence', channel: 'hall', count: 5, full: true, users: [] });
  presence.watch({ users: ['hone'] });
  expect([presence.status('mere'), presence.count('hall')]).toEqual(['offline', null]);
});
