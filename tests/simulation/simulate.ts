import { act } from './actors.ts';
import {
  checkArrivals,
  checkCursors,
  checkEmpty,
  checkIdle,
  checkKept,
  checkOrder,
  checkPresence,
  checkReplicas,
  checkStore,
} from './checks.ts';
import type { Device } from './device.ts';
import { breakThings } from './faults.ts';
import { type SetUp, World } from './world.ts';

/** Virtual time of one run: people and faults; then nothing breaks any more; then everybody is gone. */
const BUSY_MS = 60_000;
/** Longer than the silence after which a client gives up a connection of which it has not learnt that it is cut. */
const SETTLE_MS = 75_000;
/** Longer than the silence after which a node gives up a connection, and a round of its wheel. */
const LEAVE_MS = 130_000;

export interface Report {
  /** Of everything that happened: two runs of one seed have the same. */
  readonly digest: string;
  readonly broken: readonly string[];
  /** The newest lines of the trace when the first of it happened. */
  readonly story: readonly string[];
  /** Messages and corrections that were stored. */
  readonly stored: number;
}

/** Runs one seed. Real nodes and clients; time, network and disk are simulated. */
export async function simulate(seed: number, setUp: SetUp): Promise<Report> {
  const world = new World(seed, setUp);
  const onRejection = (error: unknown) =>
    world.break(`unhandled: ${error instanceof Error ? error.stack : String(error)}`);
  process.on('unhandledRejection', onRejection);
  try {
    await run(world);
  } catch (error) {
    world.break(`the run ended with ${error instanceof Error ? error.stack : String(error)}`);
  } finally {
    for (const node of world.nodes) node.crash();
    process.off('unhandledRejection', onRejection);
  }
  const stored = world.devices.reduce(
    (sum, { sent }) => sum + sent.filter(({ state }) => state === 'stored').length,
    0,
  );
  return { digest: world.trace.digest(), broken: world.broken, story: world.story, stored };
}

async function run(world: World): Promise<void> {
  const { clock, random } = world;
  let busy = true;
  const over = () => !busy;
  const stopWatching = watchCursors(world);
  for (const device of world.devices) {
    clock.after(random.int(0, 3_000), () => device.connect());
    device.watch(world.watched);
    act(world, device, over);
  }
  breakThings(world, over);
  world.breakDirectory(over);
  await clock.advance(BUSY_MS);
  busy = false;
  world.trace.note('— the faults end —');
  world.heal();
  await clock.advance(10_500);
  world.heal();
  await clock.advance(SETTLE_MS);
  await clock.runUntil(() => world.devices.every(isIdle), 120_000).catch(() => undefined);
  await clock.advance(5_000);
  checkIdle(world);
  checkStore(world);
  checkOrder(world);
  for (const device of world.devices) checkArrivals(world, device);
  checkCursors(world);
  checkPresence(world);
  const newcomers = await addNewcomers(world);
  checkStore(world);
  checkOrder(world);
  for (const device of world.devices) checkArrivals(world, device, newcomers.includes(device));
  await loadAll(world);
  checkReplicas(world);
  await clock.advance(1_000);
  await checkKept(world);
  stopWatching();
  await leave(world);
}

function isIdle({ client, sent }: Device): boolean {
  return client.link.kind === 'online' && client.waiting === 0 && sent.every(({ state }) => state !== 'waiting');
}

/** Kept inbox positions never move back. */
function watchCursors(world: World): () => void {
  const known = new Map<string, number>();
  let cancel = () => {};
  const look = () => {
    for (const [device, cursor] of world.disk.cursors) {
      if (cursor < (known.get(device) ?? 0)) world.break(`the cursor of ${device} went back to ${cursor}`);
      known.set(device, cursor);
    }
    cancel = world.clock.after(2_000, look);
  };
  look();
  return () => cancel();
}

/** A new device for each person, which learns everything from the log, while the others talk on. */
async function addNewcomers(world: World): Promise<readonly Device[]> {
  const { clock, random } = world;
  const present = [...world.devices];
  const newcomers = world.users.map((user) => world.createDevice(user, `${user}-new`));
  for (const device of newcomers) {
    device.watch(world.watched);
    device.connect();
    for (const log of world.logsOf(device.user)) if (world.headOf(log) > 0) device.open(log, world.headOf);
  }
  for (const device of present) {
    for (let i = 0; i < 4; i++) {
      clock.after(random.int(0, 300), () => device.send(random.pick(world.logsOf(device.user))));
    }
  }
  world.devices.push(...newcomers);
  await clock.advance(5_000);
  return newcomers;
}

/** Everybody loads what lies before, and what was skipped. */
async function loadAll(world: World): Promise<void> {
  for (const device of world.devices) {
    for (const { conversation, open } of device.opened.values()) {
      for (const gap of conversation.state().timeline) {
        if (!open || gap.kind !== 'gap') continue;
        const filled = conversation.fill(gap);
        await world.clock.advance(300);
        await filled;
      }
      for (let pages = 0; open && conversation.state().has_older && pages < 20; pages++) {
        const loaded = conversation.loadOlder();
        await world.clock.advance(300);
        await loaded;
      }
    }
  }
}

async function leave(world: World): Promise<void> {
  const closed = Promise.all(world.devices.map(({ client }) => client.close()));
  await world.clock.advance(LEAVE_MS);
  await closed;
  checkEmpty(world);
  const stopped = Promise.all(world.nodes.map((node) => node.stop()));
  await world.clock.advance(1_000);
  await stopped;
}
