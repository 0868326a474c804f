import type { StreamName, StreamRecord } from '@konferenco/core';
import { SeededRandom } from '@konferenco/testkit';
import { openNatsBus, type NatsBus } from '../../packages/server/src/adapters/nats/bus.ts';
import type { NatsStreams } from '../../packages/server/src/adapters/nats/streams.ts';
import type { NatsOptions } from '../../packages/server/src/adapters/nats/connection.ts';
import { systemClock } from '../../packages/server/src/runtime/system.ts';
import { until as untilWithin } from '../system/support/until.ts';

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

/** Waits for what something outside brings about, for as long as a slow machine may need. */
export function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  return untilWithin(condition, what, 120_000);
}

/** Everything in a stream that can be read, in its order, as the new group `group` reads it. */
export async function contents(
  streams: NatsStreams,
  stream: StreamName,
  group = 'everything',
): Promise<StreamRecord[]> {
  const report = await streams.streamsReport();
  const left = report.find(({ name }) => name === stream || name.endsWith(`_${stream}`))?.messages ?? 0;
  const reader = await streams.join(group, stream, 500);
  const found: StreamRecord[] = [];
  let seen = 0;
  if (left > 0) {
    for await (const batch of reader.batches()) {
      for (const delivery of batch) {
        if (delivery.record) found.push(delivery.record);
        delivery.acknowledge();
      }
      seen += batch.length;
      if (seen >= left) break;
    }
  }
  await reader.close();
  return found;
}
