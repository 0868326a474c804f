import { type Clock, OUTBOX_ALLOWANCE, type Rates, type SenderLimits } from '@konferenco/core';
import type { MessageRule } from '@konferenco/protocol';
import type { RedisLink } from './link.ts';
import { Patience } from './patience.ts';
import { Refusals } from './refusals.ts';

export interface RedisRatesOptions {
  readonly link: RedisLink;
  /** Counts what passes here; decides alone while Redis is away. */
  readonly local: SenderLimits;
  readonly clock: Clock;
  /** Told of each message for which this node decided alone. */
  readonly onAlone: () => void;
  readonly prefix?: string;
  /** Milliseconds that a message waits for Redis at the most, 50 unless given. */
  readonly wait_ms?: number;
}

/**
 * The rates of the taxonomy, counted by all nodes together in Redis. A refusal that is known here needs no question; a
 * message that would pass here is asked about, and waits no longer than `wait_ms`.
 */
export function createRedisRates(options: RedisRatesOptions): Rates {
  const { link, local, clock, onAlone, prefix = 'konferenco:', wait_ms = 50 } = options;
  const patience = new Patience(clock, { wait_ms });
  const refusals = new Refusals(clock);

  const take = async (user: string, rule: MessageRule, writtenOffline: boolean, known: string): Promise<number> => {
    const { count, per_s } = rule.rate ?? { count: 1, per_s: 0 };
    const key = `${prefix}rate:{${user}}:`;
    const mayUseAllowance = writtenOffline && rule.guarantee !== 'best_effort' ? 1 : 0;
    const { burst, per_s: refill } = OUTBOX_ALLOWANCE;
    const rate = [count, per_s * 1000, mayUseAllowance, burst, refill / 1000] as const;
    const wait = await patience.within(
      link.run((commands) => commands.konferencoTake(`${key}${rule.bucket}`, `${key}outbox`, ...rate)),
    );
    if (wait === null) onAlone();
    if (wait === null || wait === 0) {
      const alone = local.tryTake(user, rule, writtenOffline);
      return wait ?? alone;
    }
    refusals.note(known, wait);
    return wait;
  };

  return {
    tryTake(user, rule, writtenOffline) {
      if (!rule.rate) return 0;
      const wait = local.waitOf(user, rule, writtenOffline);
      if (wait > 0) return wait;
      const known = `${rule.bucket} ${writtenOffline} ${user}`;
      const refused = refusals.waitOf(known);
      if (refused > 0) return refused;
      if (link.available && !patience.isResting) return take(user, rule, writtenOffline, known);
      onAlone();
      return local.tryTake(user, rule, writtenOffline);
    },
    sweep() {
      local.sweep();
      refusals.sweep();
    },
  };
}
