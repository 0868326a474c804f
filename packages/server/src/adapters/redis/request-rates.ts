import type { Clock, RequestRates } from '@konferenco/core';
import type { RedisLink } from './link.ts';
import { Patience } from './patience.ts';
import { Refusals } from './refusals.ts';

export interface RedisRequestRatesOptions {
  readonly link: RedisLink;
  readonly clock: Clock;
  /** Told of each request for whose rate this node decides alone. */
  readonly onAlone: () => void;
  readonly prefix?: string;
}

/** Token buckets of all nodes together, in Redis. A question waits for its answer for 50 ms at the most. */
export function createRedisRequestRates(options: RedisRequestRatesOptions): RequestRates {
  const { link, clock, onAlone, prefix = 'konferenco:' } = options;
  const patience = new Patience(clock);
  const refusals = new Refusals(clock);
  return {
    async tryTake(name, key, { burst, per_s }) {
      const bucket = `${prefix}bucket:{${name} ${key}}`;
      const refused = refusals.waitOf(bucket);
      if (refused > 0) return refused;
      const isAsked = link.available && !patience.isResting;
      const wait = isAsked
        ? await patience.within(link.run((commands) => commands.konferencoDraw(bucket, burst, per_s / 1000)))
        : null;
      if (wait === null) onAlone();
      else if (wait > 0) refusals.note(bucket, wait);
      return wait;
    },
  };
}
