import { SeededRandom } from '@konferenco/testkit';
import { openNatsBus, type NatsBus } from '../../packages/server/src/adapters/nats/bus.ts';
import type { NatsOptions } from '../../packages/server/src/adapters/nats/connection.ts';
import { systemClock } from '../../packages/server/src/runtime/system.ts';

/** Options of a node of a test; what goes wrong without harm is collected in `faults`. */
export function natsOptions(
  url: string,
  more: Partial<NatsOptions> = {},
): NatsOptions & { readonly faults: unknown[] } {
  const faults: unknown[] = [];
  return {
    url,
    name: 'node-of-a-test',
    prefix: `t${crypto.randomUUID().slice(0, 8)}`,
    clock: systemClock,
    random: new SeededRandom(1),
    onFault: (error) => faults.push(error),
    ...more,
    faults,
  };
}

/** Two nodes on one NATS, and what makes everything between them arrive. */
export async function twoBuses(url: string, more: Partial<NatsOptions> = {}) {
  const options = natsOptions(url, more);
  const [here, there] = await Promise.all([openNatsBus(options), openNatsBus(options)]);
  return { here, there, options, settle: () => settled(here, there) };
}

/** Everything published before has reached the server, and then its receivers. */
export async function settled(...buses: readonly NatsBus[]): Promise<void> {
  for (let round = 0; round < 2; round++) await Promise.all(buses.map((bus) => bus.flush()));
}

/** Waits for a condition that something outside brings about; asks again in steps and ends with the test's own time limit. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await Bun.sleep(10);
}
