import { describe, expect, test } from 'bun:test';
import type { Envelope } from '@konferenco/protocol';
import { RateLimiter, RateLimitExceededError } from '../limits/rate-limiter.ts';
import { MessageRouter } from './message-router.ts';

function setUp(online: readonly string[], limiter?: RateLimiter) {
  const sent: [string, Envelope][] = [];
  const queued: [string, Envelope][] = [];
  const broadcast: [string, Envelope][] = [];
  const router = new MessageRouter(
    {
      connections: {
        getConnection: (user) => (online.includes(user) ? { send: (envelope) => sent.push([user, envelope]) } : null),
      },
      offline: { enqueue: (user, envelope) => queued.push([user, envelope]) },
      fanout: { broadcast: (channel, envelope) => broadcast.push([channel, envelope]) },
    },
    limiter,
  );
  return { router, sent, queued, broadcast };
}

function envelope(to: Envelope['to']): Envelope {
  return {
    id: '019d0000-0000-7000-8000-000000000000',
    type: 'chat',
    subtype: 'direct_message',
    from: { user_id: 'user-123' },
    to,
    payload: { text: 'hi' },
    timestamp: 0,
  };
}

describe('MessageRouter (A1)', () => {
  test("a direct message goes to that user's connection", async () => {
    const { router, sent, queued } = setUp(['user-1', 'user-2']);
    const message = envelope({ type: 'user', id: 'user-1' });
    expect(await router.route(message)).toBe('connection');
    expect(sent).toEqual([['user-1', message]]);
    expect(queued).toEqual([]);
  });

  test('a message for a user without a connection is queued', async () => {
    const { router, sent, queued } = setUp([]);
    const message = envelope({ type: 'user', id: 'offline-user' });
    expect(await router.route(message)).toBe('offline');
    expect(queued).toEqual([['offline-user', message]]);
    expect(sent).toEqual([]);
  });

  test('a channel message goes to all subscribers', async () => {
    const { router, broadcast } = setUp([]);
    const message = envelope({ type: 'channel', id: 'channel-456' });
    expect(await router.route(message)).toBe('fanout');
    expect(broadcast).toEqual([['channel-456', message]]);
  });

  test('the 11th message within 60 s is rejected and goes nowhere', async () => {
    const { router, sent } = setUp(['user-1'], new RateLimiter({ limit: 10, window: 60_000, now: () => 0 }));
    const message = envelope({ type: 'user', id: 'user-1' });
    for (let i = 0; i < 10; i++) await router.route(message);
    await expect(router.route(message)).rejects.toThrow(RateLimitExceededError);
    expect(sent).toHaveLength(10);
  });
});
