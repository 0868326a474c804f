import { describe, expect, test } from 'bun:test';
import type { Authentication, SingleUse } from '@konferenco/core';
import fc from 'fast-check';
import { createTestRandom, TestClock } from './test-world.ts';
import { createTicketService } from './tickets.ts';

const IDENTITY = { user: 'aroha', device: 'phone', session: 's1', expires_at: 1_800_000_000_000 };
const setUp = (options: { readonly maxUsed?: number; readonly secret?: Uint8Array } = {}) => {
  const clock = new TestClock();
  const secret = options.secret ?? Buffer.alloc(32, 1);
  const tickets = createTicketService({ clock, random: createTestRandom(), ...options, secret });
  /** Nothing is shared with other nodes, so the answer is there at once. */
  const verified = (ticket: string): Authentication => {
    const answer = tickets.verify(ticket);
    if (answer instanceof Promise) throw new Error('a node on its own asks nobody');
    return answer;
  };
  return { clock, tickets, verified };
};

describe('socket tickets', () => {
  // proves GW-3
  test('open one socket for who they were issued to', () => {
    const { tickets, verified } = setUp();
    const { ticket } = tickets.issue(IDENTITY);
    expect(verified(ticket)).toEqual({ ok: true, identity: IDENTITY });
    expect(verified(ticket)).toEqual({ ok: false, error: 'token_invalid' });
  });

  // proves CN-15
  test('open a socket at any node, once at each', () => {
    const [here, there] = [setUp(), setUp()];
    const { ticket } = here.tickets.issue(IDENTITY);
    for (const { verified } of [there, here]) {
      expect(verified(ticket)).toEqual({ ok: true, identity: IDENTITY });
      expect(verified(ticket)).toEqual({ ok: false, error: 'token_invalid' });
    }
  });

  test('carry credentials that never end', () => {
    const { tickets, verified } = setUp();
    const identity = { ...IDENTITY, session: '', expires_at: null };
    expect(verified(tickets.issue(identity).ticket)).toEqual({ ok: true, identity });
  });

  test('end after 30 seconds', () => {
    const { tickets, clock, verified } = setUp();
    const { ticket, expires_at } = tickets.issue(IDENTITY);
    expect(expires_at).toBe(clock.now() + 30_000);
    clock.time += 30_000;
    expect(verified(ticket)).toEqual({ ok: false, error: 'token_expired' });
  });

  test('used just before the memory turns over are still known after it', () => {
    const { tickets, clock, verified } = setUp();
    verified(tickets.issue(IDENTITY).ticket);
    clock.time += 29_999;
    const { ticket } = tickets.issue(IDENTITY);
    expect(verified(ticket).ok).toBe(true);
    clock.time += 29_999;
    expect(verified(ticket)).toEqual({ ok: false, error: 'token_invalid' });
  });

  test('of another secret, or changed in any byte, are refused', () => {
    const { tickets, verified } = setUp();
    const foreign = setUp({ secret: Buffer.alloc(32, 2) }).tickets.issue(IDENTITY).ticket;
    expect(verified(foreign)).toEqual({ ok: false, error: 'token_invalid' });
    const bytes = Buffer.from(tickets.issue(IDENTITY).ticket, 'base64url');
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ mask;
        expect(verified(changed.toString('base64url')).ok).toBe(false);
      }),
    );
    fc.assert(fc.property(fc.string(), (text) => expect(verified(text).ok).toBe(false)));
  });

  test('are refused as overload when the memory of used ones is full, and again taken after 30 seconds', () => {
    const { tickets, clock, verified } = setUp({ maxUsed: 2 });
    for (let i = 0; i < 2; i++) expect(verified(tickets.issue(IDENTITY).ticket).ok).toBe(true);
    expect(verified(tickets.issue(IDENTITY).ticket)).toEqual({ ok: false, error: 'overloaded' });
    clock.time += 30_000;
    expect(verified(tickets.issue(IDENTITY).ticket).ok).toBe(true);
  });
});

test('a ticket used on another node is refused; when that cannot be found out, it opens a socket', async () => {
  const used = new Set<string>();
  let away = false;
  const singleUse: SingleUse = {
    async claim(key) {
      if (away) return 'unknown';
      if (used.has(key)) return 'used';
      used.add(key);
      return 'first';
    },
  };
  const options = { clock: new TestClock(), random: createTestRandom(), secret: Buffer.alloc(32, 1), singleUse };
  const [north, south] = [createTicketService(options), createTicketService(options)];
  const { ticket } = north.issue(IDENTITY);
  expect(await north.verify(ticket)).toEqual({ ok: true, identity: IDENTITY });
  expect(await south.verify(ticket)).toEqual({ ok: false, error: 'token_invalid' });
  away = true;
  const other = north.issue(IDENTITY).ticket;
  expect(await south.verify(other)).toEqual({ ok: true, identity: IDENTITY });
  expect(await north.verify(other)).toEqual({ ok: true, identity: IDENTITY });
  expect(north.verify(other)).toEqual({ ok: false, error: 'token_invalid' });
});
