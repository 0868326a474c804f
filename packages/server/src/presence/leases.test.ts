import { expect, test } from 'bun:test';
import { LEASE_MS } from '@konferenco/core';
import fc from 'fast-check';
import { Leases } from './leases.ts';

test('what several nodes say of a user is kept apart, the most reachable counts, and only a change is news', () => {
  const leases = new Leases();
  expect(leases.take('north', { user: 'mere', status: 'away', version: 1 }, 90)).toBe(true);
  expect(leases.take('north', { user: 'mere', status: 'away', version: 1 }, 95)).toBe(false);
  expect(leases.take('south', { user: 'mere', status: 'online', version: 1 }, 90)).toBe(true);
  expect(leases.statusOf('mere')).toBe('online');
  expect(leases.take('south', { user: 'mere', status: 'offline', version: 2 }, 90)).toBe(true);
  expect(leases.statusOf('mere')).toBe('away');
  expect(leases.take('north', { user: 'rangi', status: 'offline', version: 1 }, 90)).toBe(false);
});

test('what a node does not renew is believed no longer than its lease', () => {
  const leases = new Leases();
  leases.take('north', { user: 'mere', status: 'online', version: 1 }, LEASE_MS);
  leases.take('north', { user: 'rangi', status: 'online', version: 2 }, LEASE_MS);
  leases.take('north', { user: 'mere', status: 'online', version: 1 }, LEASE_MS + 1_000);
  expect(leases.expire(LEASE_MS - 1)).toEqual([]);
  expect(leases.expire(LEASE_MS)).toEqual(['rangi']);
  expect(leases.statusOf('rangi')).toBe('offline');
  expect(leases.statusOf('mere')).toBe('online');
  expect(leases.expire(LEASE_MS + 1_000)).toEqual(['mere']);
});

test('in whatever order and however often the words of a node come, its newest is believed', () => {
  const status = fc.constantFrom('online', 'away', 'busy', 'offline');
  fc.assert(
    fc.property(fc.array(status, { minLength: 1, maxLength: 8 }), fc.infiniteStream(fc.nat()), (said, order) => {
      const leases = new Leases();
      const words = said.map((one, version) => ({ user: 'mere', status: one, version }) as const);
      const coming = [...words, ...words].map((word) => ({ word, at: order.next().value ?? 0 }));
      for (const { word } of coming.toSorted((a, b) => a.at - b.at)) leases.take('north', word, 1_000);
      expect(leases.statusOf('mere')).toBe(said.at(-1) ?? 'offline');
    }),
  );
});
