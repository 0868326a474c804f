import type { Clock, SingleUse } from '@konferenco/core';
import type { RedisLink } from './link.ts';
import { Patience } from './patience.ts';

export interface RedisSingleUseOptions {
  readonly link: RedisLink;
  readonly clock: Clock;
  readonly prefix?: string;
}

/** What is used once on all nodes, remembered in Redis. */
export function createRedisSingleUse({ link, clock, prefix = 'konferenco:' }: RedisSingleUseOptions): SingleUse {
  // A late answer lets one ticket through; not to ask for a while would let through all of them.
  const patience = new Patience(clock, { wait_ms: 100, rest_ms: 0 });
  return {
    async claim(key, ttl_ms) {
      if (!link.available) return 'unknown';
      const name = `${prefix}used:{${key}}`;
      // The answer is wrapped, because none at all and "it was there" would both be null.
      const answer = await patience.within(
        link.run(async (commands) => ({ set: await commands.set(name, '1', 'PX', ttl_ms, 'NX') })),
      );
      if (answer === null) return 'unknown';
      return answer.set === 'OK' ? 'first' : 'used';
    },
  };
}
