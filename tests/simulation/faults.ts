import type { NodeProcess } from './node-process.ts';
import type { World } from './world.ts';

/** Breaks something now and then until `over`. */
export function breakThings(world: World, over: () => boolean): void {
  const { clock, random } = world;
  clock.after(random.int(300, 6_000), () => {
    if (over()) return;
    const node = random.pick(world.nodes);
    const roll = random.next();
    if (roll < 0.5) cutLinks(world, node);
    else if (roll < 0.65) stormBus(world);
    else if (roll < 0.85) crash(world, node, over);
    else drain(world, node, over);
    breakThings(world, over);
  });
}

/** Mostly both ends learn of a cut soon; now and then an end learns of it only by its own time-outs. */
function cutLinks(world: World, node: NodeProcess): void {
  const which = world.random.chance(0.15) ? 'all' : 'one';
  const learn_ms = world.random.chance(0.2) ? ([1_000, 150_000] as const) : ([1, 3_000] as const);
  world.trace.note(`${node.name}: cut ${which}, noticed within ${learn_ms[1]} ms`);
  node.cut(which, learn_ms);
}

function stormBus(world: World): void {
  const { random } = world;
  const faults = { delay_ms: [1, random.int(5, 900)], lose: random.next() * 0.5, double: random.next() * 0.3 } as const;
  world.trace.note(
    `the bus loses ${faults.lose.toFixed(2)}, doubles ${faults.double.toFixed(2)}, delays ${faults.delay_ms[1]} ms`,
  );
  world.setBusFaults(faults);
}

function crash(world: World, node: NodeProcess, over: () => boolean): void {
  if (!node.isRunning) return;
  world.trace.note(`${node.name}: crash`);
  node.crash();
  startLater(world, node, over);
}

function drain(world: World, node: NodeProcess, over: () => boolean): void {
  if (!node.isAccepting) return;
  world.trace.note(`${node.name}: drain`);
  void node.drain().then(() => startLater(world, node, over));
}

function startLater(world: World, node: NodeProcess, over: () => boolean): void {
  world.clock.after(world.random.int(100, 8_000), () => {
    if (over() || node.isRunning) return;
    world.trace.note(`${node.name}: start`);
    node.start();
  });
}
