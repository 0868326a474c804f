import { expect, test } from 'bun:test';
import type { Clock } from '@konferenco/core';
import { createMemoryStore } from '../adapters/memory/store.ts';
import { Connection } from '../gateway/connection.ts';
import type { Socket } from '../gateway/socket.ts';
import { Cursors } from './cursors.ts';

const silent: Socket = {
  send: () => 1,
  subscribe: () => undefined,
  unsubscribe: () => undefined,
  isSubscribed: () => false,
  getBufferedAmount: () => 0,
  ping: () => undefined,
  close: () => undefined,
};

/** Time stands still, so that only an asked-for flush stores. */
const clock: Clock = { now: () => 1_000_000, after: () => () => undefined, soon: (fn) => fn() };

function setUp() {
  const store = createMemoryStore({ now: () => clock.now() });
  const identity = { user: 'ana', device: 'phone', session: '', expires_at: null };
  const connect = () => new Connection({ socket: silent, identity, encoding: 'frames', slot: 0, now: clock.now() });
  return { store, connect, cursors: new Cursors(store, clock) };
}

test('a device that comes back at once finds the position it has just acknowledged', async () => {
  const { store, connect, cursors } = setUp();
  cursors.note(connect(), 7);
  expect(await store.cursor('ana', 'phone')).toBeNull();
  expect(await cursors.position('ana', 'phone')).toBe(7);
});

test('a position on its way into the store is known all along', async () => {
  const { store, connect, cursors } = setUp();
  cursors.note(connect(), 7);
  const flushed = cursors.flush();
  expect(await cursors.position('ana', 'phone')).toBe(7);
  await flushed;
  expect(await store.cursor('ana', 'phone')).toBe(7);
  expect(await cursors.position('ana', 'phone')).toBe(7);
});

test('an older connection of the same device does not move the position back', async () => {
  const { store, connect, cursors } = setUp();
  cursors.note(connect(), 9);
  cursors.note(connect(), 4);
  await cursors.flush();
  expect(await store.cursor('ana', 'phone')).toBe(9);
});

test('a device never heard of has no position', async () => {
  const { cursors } = setUp();
  expect(await cursors.position('ana', 'laptop')).toBeNull();
});
