import { expect, test } from 'bun:test';
import { Elsewhere, LEASE_MS } from './elsewhere.ts';

test('what several nodes say of a user is kept apart, and only a change is news', () => {
  const elsewhere = new Elsewhere();
  expect(elsewhere.take('mere', 'north', 'online', 0)).toBe(true);
  expect(elsewhere.take('mere', 'north', 'online', 0)).toBe(false);
  expect(elsewhere.take('mere', 'south', 'away', 0)).toBe(true);
  expect(elsewhere.statusesOf('mere')).toEqual(['online', 'away']);
  expect(elsewhere.take('mere', 'north', 'offline', 0)).toBe(true);
  expect(elsewhere.statusesOf('mere')).toEqual(['away']);
  expect(elsewhere.take('rangi', 'north', 'offline', 0)).toBe(false);
});

test('what a node does not repeat is believed no longer than its lease', () => {
  const elsewhere = new Elsewhere();
  elsewhere.take('mere', 'north', 'online', 0);
  elsewhere.take('rangi', 'north', 'online', 0);
  elsewhere.take('mere', 'north', 'online', 1_000);
  expect(elsewhere.expire(LEASE_MS - 1)).toEqual([]);
  expect(elsewhere.expire(LEASE_MS)).toEqual(['rangi']);
  expect(elsewhere.statusesOf('rangi')).toEqual([]);
  expect(elsewhere.statusesOf('mere')).toEqual(['online']);
  expect(elsewhere.expire(LEASE_MS + 1_000)).toEqual(['mere']);
});
