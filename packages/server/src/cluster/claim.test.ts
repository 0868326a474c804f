import { beforeEach, expect, test } from 'bun:test';
import type { BusRecord } from '@konferenco/core';
import { SeededRandom, SimulatedBus, VirtualClock } from '@konferenco/testkit';
import { NameClaim, NameTakenError } from './claim.ts';

let clock: VirtualClock;
let bus: SimulatedBus;
let starts: number;
beforeEach(() => {
  clock = new VirtualClock();
  bus = new SimulatedBus(clock, new SeededRandom(1), { delay_ms: [1, 20], lose: 0, double: 0 });
  starts = 0;
});

/** `alive: false`: it died, and says nothing any more. */
function start(name: string, at = clock.now()) {
  const id = `start ${++starts}`;
  const own = bus.connect(id);
  const state = { alive: true, outcome: 'asking' };
  const claim = new NameClaim({
    start: { name, id, at },
    bus: { subscribe: own.subscribe, publish: (record: BusRecord) => (state.alive ? own.publish(record) : undefined) },
    clock,
  });
  claim.ask().then(
    () => {
      state.outcome = 'held';
    },
    (error: unknown) => {
      state.outcome = error instanceof NameTakenError ? 'taken' : String(error);
      claim.close();
    },
  );
  return state;
}

// proves CN-23
test('a name that a living node bears is taken, whatever the clocks say', async () => {
  const first = start('node-1', 50_000);
  await clock.advance(400);
  const others = [start('node-1', 1), start('node-2'), start('node-1', 90_000)];
  await clock.advance(400);
  expect([first, ...others].map(({ outcome }) => outcome)).toEqual(['held', 'taken', 'held', 'taken']);
});

// proves CN-23
test('a node that died leaves its name at once', async () => {
  const first = start('node-1');
  await clock.advance(400);
  first.alive = false;
  const second = start('node-1');
  await clock.advance(400);
  expect(second.outcome).toBe('held');
});

// proves CN-23
test('of several that start at once one bears the name, also where records are lost and doubled', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    bus = new SimulatedBus(clock, new SeededRandom(seed), { delay_ms: [1, 20], lose: 0.1, double: 0.2 });
    const same = clock.now();
    const all = [start('node-1', same), start('node-1', same), start('node-1', same + 5)];
    await clock.advance(1_500);
    expect(all.map(({ outcome }) => outcome).sort()).toEqual(['held', 'taken', 'taken']);
  }
});
