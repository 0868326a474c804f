import { SenderLimits } from '@konferenco/core';
import { SeededRandom, SimulatedBus, SimulatedDirectory, VirtualClock } from '@konferenco/testkit';
import {
  describeBusContract,
  describeClockContract,
  describeDirectoryContract,
  describeJoinedBusContract,
  describeRandomContract,
  describeRatesContract,
} from '@konferenco/testkit/contracts';
import { createLocalBus } from '../../packages/server/src/adapters/embedded/bus.ts';
import { systemClock, systemRandom } from '../../packages/server/src/runtime/system.ts';

describeBusContract('local', () => ({ bus: createLocalBus(), settle: async () => {} }));
describeBusContract('simulated', () => {
  const clock = new VirtualClock();
  const bus = new SimulatedBus(clock, new SeededRandom(1), { delay_ms: [1, 9], lose: 0, double: 0 }).connect('node-1');
  return { bus, settle: () => clock.advance(100) };
});
describeJoinedBusContract('simulated', () => {
  const clock = new VirtualClock();
  const bus = new SimulatedBus(clock, new SeededRandom(1), { delay_ms: [5, 5], lose: 0, double: 0 });
  return { here: bus.connect('here'), there: bus.connect('there'), settle: () => clock.advance(100) };
});

describeClockContract('system', () => ({ clock: systemClock, pass: (ms) => Bun.sleep(ms) }));
describeClockContract('virtual', () => {
  const clock = new VirtualClock();
  return { clock, pass: (ms) => clock.advance(ms) };
});

describeRandomContract('system', () => systemRandom);
describeRandomContract('seeded', () => new SeededRandom(7));

describeDirectoryContract('simulated', async () => {
  const directory = new SimulatedDirectory(systemClock, new SeededRandom(1), [0, 1]);
  return { north: directory.connect('north'), south: directory.connect('south') };
});

describeRatesContract('local', async () => [new SenderLimits(() => systemClock.now())]);
