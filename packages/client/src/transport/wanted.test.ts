import { beforeEach, expect, test } from 'bun:test';
import type { Envelope, ReplyOf, ServerFrame } from '@konferenco/protocol';
import { ANOTHER, Wanted } from './wanted.ts';

const GREETING: ReplyOf<'hello'> = {
  ...{
    user_id: 'mere',
    device_id: 'd',
    node: 'n1',
    epoch: 'e1',
    server_time: 5,
    heartbeat_ms: 30_000,
    expires_at: null,
  },
  inbox: { cursor: null, first: 1, head: 7 },
};
const reply = (ref: number, data: unknown): ServerFrame => ({ type: 'reply', ref, data });
const state = (head: number) => ({ first: 1, head });
const items = (...offsets: number[]) => offsets.map((offset) => ({ offset, at: 0, envelope: {} as Envelope }));

let wanted: Wanted;
beforeEach(() => {
  wanted = new Wanted();
  wanted.ask({ type: 'hello', ref: 41, status: 'online' });
  expect(wanted.hear(reply(1, GREETING))).toEqual([reply(41, GREETING)]);
});

/** Subscribes, and has the answer that it stands at `head`. */
function subscribe(ref: number, log: string, head: number): void {
  wanted.ask({ type: 'subscribe', ref, logs: [log] });
  expect(wanted.hear(reply(2, { logs: { [log]: state(head) } }))).toEqual([
    reply(ref, { logs: { [log]: state(head) } }),
  ]);
}

// proves TR-4
test('a request says all that is wanted, and how far it was heard without a hole', () => {
  subscribe(42, 'ch:a', 3);
  subscribe(43, 'ch:b', 0);
  wanted.ask({ type: 'watch', ref: 44, users: ['hone'] });
  wanted.ask({ type: 'presence', status: 'away' });
  wanted.hear({ type: 'message', log: 'ch:a', items: items(4, 5, 7) });
  wanted.hear({ type: 'skipped', log: 'ch:b', from: 1, to: 9 });
  wanted.hear({ type: 'inbox', items: [{ ...items(1)[0], inbox: 8, reason: 'direct', log: 'dm:hone:mere' } as never] });
  expect(wanted.request()).toEqual({
    hello: { type: 'hello', ref: 1, status: 'away', inbox: 8 },
    subscribe: { type: 'subscribe', ref: 2, logs: ['ch:a', 'ch:b'], after: { 'ch:a': 5, 'ch:b': 9 } },
    watch: { type: 'watch', ref: 3, users: ['hone'] },
  });
});

test('a later request that begins elsewhere is answered without the SDK hearing of it', () => {
  subscribe(42, 'ch:a', 3);
  expect(wanted.hear(reply(1, { ...GREETING, node: 'n2' }))).toEqual([]);
  expect(wanted.hear(reply(2, { logs: { 'ch:a': state(9) } }))).toEqual([]);
  expect(wanted.request().subscribe?.after).toEqual({ 'ch:a': 3 });
});

test('another store, another person or a refused hello is another session', () => {
  expect(wanted.hear(reply(1, { ...GREETING, epoch: 'e2' }))).toBe(ANOTHER);
  expect(wanted.hear(reply(1, { ...GREETING, user_id: 'hone' }))).toBe(ANOTHER);
  expect(wanted.hear({ type: 'error', ref: 1, code: 4001, error: 'store_unavailable', message: '' })).toBe(ANOTHER);
});

test('a subscribe is answered once all its logs are, also when these come in several answers or are let go', () => {
  wanted.ask({ type: 'subscribe', ref: 50, logs: ['ch:a', 'ch:b'] });
  wanted.ask({ type: 'subscribe', ref: 51, logs: ['ch:c'] });
  expect(wanted.hear(reply(2, { logs: { 'ch:a': state(1) } }))).toEqual([]);
  expect(wanted.ask({ type: 'unsubscribe', ref: 52, logs: ['ch:b'] })).toEqual([
    reply(50, { logs: { 'ch:a': state(1), 'ch:b': { first: 0, head: 0 } } }),
    reply(52, {}),
  ]);
  const refused = { code: 2101, error: 'not_member', message: '' };
  expect(wanted.hear(reply(2, { logs: { 'ch:c': refused } }))).toEqual([reply(51, { logs: { 'ch:c': refused } })]);
  expect(wanted.request().subscribe?.logs).toEqual(['ch:a']);
});

test('a log subscribed to again is asked for without a position, so that it is told where it stands', () => {
  subscribe(42, 'ch:a', 3);
  wanted.ask({ type: 'subscribe', ref: 43, logs: ['ch:a'] });
  expect(wanted.request().subscribe?.after).toEqual({});
  expect(wanted.hear(reply(2, { logs: { 'ch:a': state(8) } }))).toEqual([reply(43, { logs: { 'ch:a': state(8) } })]);
  expect(wanted.request().subscribe?.after).toEqual({ 'ch:a': 8 });
});

test('a refused subscribe refuses every question that was open', () => {
  wanted.ask({ type: 'subscribe', ref: 50, logs: ['ch:a'] });
  wanted.ask({ type: 'subscribe', ref: 51, logs: ['ch:b'] });
  const error = { type: 'error', ref: 2, code: 4001, error: 'store_unavailable', message: '' } as const;
  expect(wanted.hear(error)).toEqual([
    { ...error, ref: 50 },
    { ...error, ref: 51 },
  ]);
  expect(wanted.request().subscribe).toBeUndefined();
});

test('what is no matter of the live part is left to others', () => {
  expect(wanted.ask({ type: 'history', ref: 60, log: 'ch:a' })).toBeNull();
  expect(wanted.hear({ type: 'changed', what: 'channel', id: 'a' })).toBeNull();
});
