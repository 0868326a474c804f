import { expect, test } from 'bun:test';
import { type MessageRule, ruleOf, TAXONOMY } from '@konferenco/protocol';
import { SenderLimits } from './sender-limits.ts';

const text: MessageRule = TAXONOMY.chat.channel_message;

test('messages, replies and mentions share one rate; reactions have their own', () => {
  const limits = new SenderLimits(() => 0);
  for (let i = 0; i < 10; i++) expect(limits.tryTake('a', i % 2 ? text : TAXONOMY.chat.thread_reply, false)).toBe(0);
  expect(limits.tryTake('a', TAXONOMY.chat.mention, false)).toBeGreaterThan(0);
  expect(limits.tryTake('a', TAXONOMY.chat.reaction, false)).toBe(0);
});

// proves DL-8
test('an outbox of 1,000 messages written offline drains at once, and the next one meets the ordinary rate', () => {
  const limits = new SenderLimits(() => 0);
  for (let i = 0; i < 1_000; i++) expect(limits.tryTake('a', text, true)).toBe(0);
  for (let i = 0; i < 10; i++) expect(limits.tryTake('a', text, true)).toBe(0);
  expect(limits.tryTake('a', text, true)).toBeGreaterThan(0);
});

test('system messages have no rate', () => {
  const limits = new SenderLimits(() => 0);
  const rule = ruleOf('schedule', 'session_change');
  if (!rule) throw new Error('the taxonomy has no session_change');
  for (let i = 0; i < 5_000; i++) expect(limits.tryTake('operator', rule, false)).toBe(0);
});

test('sweep keeps an allowance that is still in use', () => {
  let now = 0;
  const limits = new SenderLimits(() => now);
  for (let i = 0; i < 1_000; i++) limits.tryTake('a', text, true);
  now = 60_000;
  limits.sweep();
  // A minute refills 16 tokens; a forgotten allowance would be whole again.
  let drained = 0;
  while (limits.tryTake('a', text, true) === 0) drained++;
  expect(drained).toBeLessThan(30);
});

test('asking how long to wait counts nothing and says what taking would say', () => {
  let now = 0;
  const limits = new SenderLimits(() => now);
  for (let i = 0; i < 50; i++) expect(limits.waitOf('a', text, i % 2 === 0)).toBe(0);
  for (let i = 0; i < 10; i++) limits.tryTake('a', text, false);
  now = 20_000;
  expect(limits.waitOf('a', text, false)).toBe(40_000);
  expect(limits.waitOf('a', text, true)).toBe(0);
  for (let i = 0; i < 1_000; i++) limits.tryTake('a', text, true);
  expect(limits.waitOf('a', text, true)).toBe(40_000);
  expect(limits.tryTake('a', text, true)).toBe(40_000);
});
