import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { CausalStability } from './causal-stability.ts';
import { CrdtFormatError } from './errors.ts';
import { type SetReplica, StarNetwork } from './testing/star-network.ts';
import { VersionVector } from './version-vector.ts';

const HOUR = 3_600_000;
const DEVICES = 3;

const steps = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('add' as const, 'remove' as const, 'admin' as const) },
  { weight: 8, arbitrary: fc.constantFrom('up' as const, 'down' as const, 'repeat' as const) },
  { weight: 2, arbitrary: fc.constantFrom('report' as const, 'stable' as const) },
  { weight: 2, arbitrary: fc.constant('round' as const) },
  { weight: 2, arbitrary: fc.constantFrom('hours' as const, 'away' as const, 'back' as const) },
);
const histories = fc.array(fc.tuple(steps, fc.nat(DEVICES), fc.constantFrom('x', 'y')), {
  minLength: 100,
  maxLength: 200,
  size: 'max',
});

function take(
  network: StarNetwork,
  replica: SetReplica,
  [step, , element]: [typeof steps extends fc.Arbitrary<infer S> ? S : never, number, string],
): void {
  const device = replica === network.server ? (network.devices[0] as SetReplica) : replica;
  switch (step) {
    case 'add':
    case 'remove':
    case 'admin':
      return network.change(replica, element, step);
    case 'up':
      return network.deliverUp(device);
    case 'down':
      return network.deliverDown(device);
    case 'repeat':
      return network.repeat(replica, element === 'x' ? 0.3 : 0.9);
    case 'report':
      return network.report(replica);
    case 'stable':
      return network.announceStable();
    case 'round':
      return network.round();
    case 'hours':
      network.now += 20 * HOUR;
      return;
    case 'away':
      // What it writes from here on nobody hears of for eight days.
      network.retire(device);
      network.now += 8 * 24 * HOUR;
      return;
    case 'back':
      return network.comeBack(device);
  }
}

// proves CR-13
test('replicas that collect hold at every moment what replicas that never forget hold', () => {
  let collected = 0;
  let returned = 0;
  fc.assert(
    fc.property(histories, (history) => {
      const network = new StarNetwork(DEVICES);
      const everyone = [network.server, ...network.devices];
      for (const step of history) {
        const replica = everyone[step[1]] as SetReplica;
        if (step[0] === 'back' && !replica.live && replica.up.length > 0) returned += 1;
        take(network, replica, step);
        for (const each of everyone) expect(each.set.elements()).toEqual(each.expected());
      }
      network.settle();
      for (const each of everyone) expect(each.set.elements()).toEqual(network.server.expected());
      collected += everyone.reduce((sum, each) => sum + each.collected, 0);
    }),
    { numRuns: 300 },
  );
  expect(collected).toBeGreaterThan(100);
  expect(returned).toBeGreaterThan(100);
}, 240_000);

// proves CR-12
test('once everybody has everything and a day has passed, only what is contained and admins’ removals remain', () => {
  fc.assert(
    fc.property(histories, (history) => {
      const network = new StarNetwork(DEVICES);
      const everyone = [network.server, ...network.devices];
      for (const step of history) take(network, everyone[step[1]] as SetReplica, step);
      network.settle();
      network.now += 25 * HOUR;
      network.round();
      network.settle();
      const states = everyone.map((replica) => replica.set.state().e);
      for (const [, , tombstones = []] of states.flat()) expect(tombstones).toEqual([]);
      for (const state of states) expect(state).toEqual(states[0] as never);
    }),
    { numRuns: 80 },
  );
}, 240_000);

// proves CR-14
test('what is stable is what every live replica has reported, and a retired one holds nothing up', () => {
  const stability = new CausalStability();
  expect(stability.stable().size).toBe(0);
  stability.report('a', VersionVector.parse('a:5,b:3'));
  stability.report('b', VersionVector.parse('a:2,b:9'));
  expect(stability.stable().toString()).toBe('a:2,b:3');
  stability.report('b', VersionVector.parse('a:1'));
  expect(stability.stable().toString()).toBe('a:2,b:3');
  stability.retire('b');
  expect(stability.stable().toString()).toBe('a:5,b:3');
  expect(stability.live()).toEqual(['a']);
});

// proves CR-14
test('a replica beyond the horizon is live again only after a full state', () => {
  const stability = new CausalStability();
  stability.report('a', VersionVector.parse('a:5'));
  stability.stable();
  expect(stability.report('b', VersionVector.parse('a:4,b:1'))).toBe('full_state');
  expect(stability.stable().toString()).toBe('a:5');
  expect(stability.report('b', VersionVector.parse('a:5,b:1'))).toBe('ok');
  const restored = CausalStability.from(JSON.parse(JSON.stringify(stability.state())));
  expect(restored.live()).toEqual(['a', 'b']);
  expect(restored.report('c', VersionVector.EMPTY)).toBe('full_state');
  expect(() => CausalStability.from({ v: 1, r: [['a', 'x']], h: '' })).toThrow(CrdtFormatError);
});
