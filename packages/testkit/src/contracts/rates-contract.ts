import { describe, expect, test } from 'bun:test';
import type { Rates } from '@konferenco/core';
import { type MessageRule, ruleOf, TAXONOMY } from '@konferenco/protocol';

const text: MessageRule = TAXONOMY.chat.channel_message;
const LIMIT = 10;
const WINDOW_MS = 60_000;

/**
 * What all rates promise; `open` makes fresh ones, as one or more nodes see them that count together. Less than a minute
 * passes meanwhile.
 */
export function describeRatesContract(name: string, open: () => Promise<readonly Rates[]>): void {
  /** Takes in turn on all nodes. */
  const taker = (nodes: readonly Rates[]) => {
    let turn = 0;
    return async (user: string, rule = text, writtenOffline = false) =>
      (await nodes[turn++ % nodes.length]?.tryTake(user, rule, writtenOffline)) ?? Number.NaN;
  };

  describe(`rates: ${name}`, () => {
    test('messages up to the limit pass, the next must wait, and others do not', async () => {
      const nodes = await open();
      const take = taker(nodes);
      for (let i = 0; i < LIMIT; i++) expect(await take('mere')).toBe(0);
      for (let i = 0; i < 2 * nodes.length; i++) {
        const wait = await take('mere');
        expect(wait).toBeGreaterThan(0);
        expect(wait).toBeLessThanOrEqual(WINDOW_MS);
      }
      expect(await take('hone')).toBe(0);
      expect(await take('mere', TAXONOMY.chat.reaction)).toBe(0);
    });

    test('however many come at once, no more than the limit pass', async () => {
      const take = taker(await open());
      const waits = await Promise.all(Array.from({ length: 30 }, () => take('mere')));
      expect(waits.filter((wait) => wait === 0)).toHaveLength(LIMIT);
    });

    test('what was written offline has an allowance of its own, and then the ordinary rate', async () => {
      const take = taker(await open());
      const waits = await Promise.all(Array.from({ length: 1_000 }, () => take('mere', text, true)));
      expect(waits.every((wait) => wait === 0)).toBe(true);
      for (let i = 0; i < LIMIT; i++) expect(await take('mere', text, i % 2 === 0)).toBe(0);
      expect(await take('mere', text, false)).toBeGreaterThan(0);
    });

    test('messages of the system have no rate', async () => {
      const take = taker(await open());
      const rule = ruleOf('schedule', 'session_change');
      if (!rule) throw new Error('the taxonomy has no session_change');
      for (let i = 0; i < 500; i++) expect(await take('operator', rule)).toBe(0);
    });
  });
}
