import { describe, expect, test } from 'bun:test';
import { PRIORITY_RANK } from './priority.ts';
import { type MessageRule, ruleOf, TAXONOMY } from './taxonomy.ts';

const DAY = 86_400;
const NAMED = {
  chat: ['channel_message', 'direct_message', 'thread_reply', 'reaction', 'mention'],
  location: ['position_update', 'zone_enter', 'zone_exit', 'proximity_alert'],
  schedule: ['session_start', 'session_end', 'session_change', 'session_cancelled', 'speaker_update'],
  meeting: ['request', 'accept', 'decline', 'propose_time', 'cancel', 'reminder'],
  marketplace: ['listing_new', 'listing_update', 'inquiry', 'offer', 'offer_response', 'transaction'],
} as const;

const rule = (type: string, subtype: string): MessageRule => {
  const found = ruleOf(type, subtype);
  if (!found) throw new Error(`no rule for ${type}/${subtype}`);
  return found;
};

describe.each([
  // type, priority, guarantee, kept, bytes, rate: the table of requirement M2, row by row
  ['chat', 'normal', 'at_least_once', 90 * DAY, 4096, { count: 10, per_s: 60 }],
  ['location', 'high', 'best_effort', 3600, 256, { count: 1, per_s: 1 }],
  ['schedule', 'critical', 'exactly_once', 7 * DAY, 2048, null],
  ['meeting', 'high', 'exactly_once', 30 * DAY, 2048, { count: 20, per_s: 3600 }],
  ['marketplace', 'normal', 'exactly_once', 90 * DAY, 8192, { count: 5, per_s: 60 }],
] as const)('messages of type %s', (type, priority, guarantee, retention_s, max_bytes, rate) => {
  // proves PR-9
  test('keep to their row of the table', () => {
    for (const subtype of NAMED[type]) {
      expect(rule(type, subtype)).toMatchObject({ priority, guarantee, retention_s });
      if (subtype === 'reaction') continue;
      expect(rule(type, subtype)).toMatchObject({ max_bytes, rate, bucket: type });
    }
  });
});

// proves PR-10
test('reactions and corrections have rates of their own and never use up those of texts', () => {
  expect(rule('chat', 'reaction')).toMatchObject({ rate: { count: 10, per_s: 60 }, bucket: 'chat.reaction' });
  expect(rule('chat', 'edit').bucket).toBe('chat.correction');
  expect(rule('chat', 'delete').bucket).toBe('chat.correction');
  expect(rule('chat', 'thread_reply').bucket).toBe(rule('chat', 'channel_message').bucket);
});

test('typing, read marks and signals are never stored', () => {
  for (const [type, subtype] of [
    ['chat', 'typing'],
    ['chat', 'read'],
    ['signal', 'signal'],
  ] as const) {
    expect(rule(type, subtype)).toMatchObject({ guarantee: 'best_effort', retention_s: 0 });
  }
  expect(rule('signal', 'signal').max_bytes).toBe(16_384);
});

test('an alert is critical, exactly once, and not for everybody to send', () => {
  expect(rule('alert', 'alert')).toMatchObject({ priority: 'critical', guarantee: 'exactly_once', rate: null });
});

test('subtypes that share a bucket share its rate', () => {
  const rates = new Map<string, MessageRule['rate']>();
  for (const subtypes of Object.values(TAXONOMY)) {
    for (const { bucket, rate } of Object.values(subtypes) as MessageRule[]) {
      if (rates.has(bucket)) expect(rate).toEqual(rates.get(bucket) ?? null);
      rates.set(bucket, rate);
    }
  }
});

test('nothing outside the table has a rule, whatever its name', () => {
  for (const [type, subtype] of [
    ['chat', 'nope'],
    ['nope', 'nope'],
    ['__proto__', 'toString'],
    ['chat', '__proto__'],
    ['', ''],
    ['chat/edit', ''],
  ] as const) {
    expect(ruleOf(type, subtype)).toBeUndefined();
  }
});

test('critical leaves a queue first, low last', () => {
  expect(
    Object.entries(PRIORITY_RANK)
      .sort(([, a], [, b]) => a - b)
      .map(([name]) => name),
  ).toEqual(['critical', 'high', 'normal', 'low']);
});
