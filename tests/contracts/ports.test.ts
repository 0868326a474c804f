import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SenderLimits } from '@konferenco/core';
import { SeededRandom, SimulatedBus, SimulatedDirectory, VirtualClock } from '@konferenco/testkit';
import {
  describeBusContract,
  describeClockContract,
  describeDirectoryContract,
  describeJoinedBusContract,
  describePositionsContract,
  describeRandomContract,
  describeRatesContract,
} from '@konferenco/testkit/contracts';
import { createLocalBus } from '../../packages/server/src/adapters/embedded/bus.ts';
import { createMemoryPositions, createSqlitePositions } from '../../packages/server/src/adapters/embedded/positions.ts';
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

describePositionsContract('memory', async (now) => {
  const positions = createMemoryPositions({ now });
  return { nodes: [positions], dispose: () => positions.close() };
});
describePositionsContract('SQLite', async (now) => {
  const dir = await mkdtemp(join(tmpdir(), 'konferenco-positions-'));
  const onFault = (error: Error) => {
    throw error;
  };
  const positions = createSqlitePositions({ path: join(dir, 'positions.db'), now, onFault });
  const dispose = async () => {
    await positions.close();
    await rm(dir, { recursive: true });
  };
  return { nodes: [positions], dispose };
});
