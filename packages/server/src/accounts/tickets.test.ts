import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { createTestRandom, TestClock } from './test-world.ts';
import { createTicketService } from './tickets.ts';

const IDENTITY = { user: 'aroha', device: 'phone', session: 's1', expires_at: 1_800_000_000_000 };
const setUp = (options: { readonly maxUsed?: number; readonly secret?: Uint8Array } = {}) => {
  const clock = new TestClock();
  const secret = options.secret ?? Buffer.alloc(32, 1);
  return { clock, tickets: createTicketService({ clock, random: createTestRandom(), ...options, secret }) };
};

describe('socket tickets', () => {
  // proves GW-3
  test('open one socket for who they were issued to', () => {
    const { tickets } = setUp();
    const { ticket } = tickets.issue(IDENTITY);
    expect(tickets.verify(ticket)).toEqual({ ok: true, identity: IDENTITY });
    expect(tickets.verify(ticket)).toEqual({ ok: false, error: 'token_invalid' });
  });

  test('carry credentials that never end', () => {
    const { tickets } = setUp();
    const identity = { ...IDENTITY, session: '', expires_at: null };
    expect(tickets.verify(tickets.issue(identity).ticket)).toEqual({ ok: true, identity });
  });

  test('end after 30 seconds', () => {
    const { tickets, clock } = setUp();
    const { ticket, expires_at } = tickets.issue(IDENTITY);
    expect(expires_at).toBe(clock.now() + 30_000);
    clock.time += 30_000;
    expect(tickets.verify(ticket)).toEqual({ ok: false, error: 'token_expired' });
  });

  test('used just before the memory turns over are still known after it', () => {
    const { tickets, clock } = setUp();
    tickets.verify(tickets.issue(IDENTITY).ticket);
    clock.time += 29_999;
    const { ticket } = tickets.issue(IDENTITY);
    expect(tickets.verify(ticket).ok).toBe(true);
    clock.time += 29_999;
    expect(tickets.verify(ticket)).toEqual({ ok: false, error: 'token_invalid' });
  });

  test('of another secret, or changed in any byte, are refused', () => {
    const { tickets } = setUp();
    const foreign = setUp({ secret: Buffer.alloc(32, 2) }).tickets.issue(IDENTITY).ticket;
    expect(tickets.verify(foreign)).toEqual({ ok: false, error: 'token_invalid' });
    const bytes = Buffer.from(tickets.issue(IDENTITY).ticket, 'base64url');
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ mask;
        expect(tickets.verify(changed.toString('base64url')).ok).toBe(false);
      }),
    );
    fc.assert(fc.property(fc.string(), (text) => expect(tickets.verify(text).ok).toBe(false)));
  });

  test('are refused as overload when the memory of used ones is full, and again taken after 30 seconds', () => {
    const { tickets, clock } = setUp({ maxUsed: 2 });
    for (let i = 0; i < 2; i++) expect(tickets.verify(tickets.issue(IDENTITY).ticket).ok).toBe(true);
    expect(tickets.verify(tickets.issue(IDENTITY).ticket)).toEqual({ ok: false, error: 'overloaded' });
    clock.time += 30_000;
    expect(tickets.verify(tickets.issue(IDENTITY).ticket).ok).toBe(true);
  });
});
