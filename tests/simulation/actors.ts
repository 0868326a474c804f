import type { Message } from '@konferenco/client';
import { type LogName, parseLogName } from '@konferenco/protocol';
import type { Device } from './device.ts';
import type { World } from './world.ts';

/** Something people do, and how often compared with the rest. */
type Deed = readonly [weight: number, deed: (world: World, device: Device) => void];

const DEEDS: readonly Deed[] = [
  [6, (world, device) => device.open(device.random.pick(world.logsOf(device.user)), world.headOf)],
  [1, (_, device) => withOpened(device, (log) => device.close(log))],
  [14, (world, device) => withOpened(device, (log) => sayIn(world, device, log))],
  [4, (world, device) => sayIn(world, device, device.random.pick(world.logsOf(device.user)))],
  [3, (_, device) => withMessage(device, (message) => message.sender === device.user && device.edit(message))],
  [3, (_, device) => withMessage(device, (message) => device.react(message))],
  [2, (_, device) => withMessage(device, (message) => message.sender === device.user && device.remove(message))],
  [2, (_, device) => withOpened(device, (log) => device.conversation(log).markRead())],
  [2, (_, device) => withOpened(device, (log) => device.conversation(log).typing())],
  [1, (world, device) => stayAway(world, device)],
  [1, (world, device) => device.random.chance(0.4) && device.restart(world.headOf)],
];
const WEIGHT = DEEDS.reduce((sum, [weight]) => sum + weight, 0);

/** Lets a device's person do something now and then until `over`. */
export function act(world: World, device: Device, over: () => boolean): void {
  world.clock.after(device.random.int(50, 4_000), () => {
    if (over()) return;
    pickDeed(device)(world, device);
    act(world, device, over);
  });
}

function pickDeed(device: Device): Deed[1] {
  let ticket = device.random.int(0, WEIGHT - 1);
  for (const [weight, deed] of DEEDS) {
    ticket -= weight;
    if (ticket < 0) return deed;
  }
  throw new RangeError('weights add up to more than their sum');
}

function withOpened(device: Device, deed: (log: LogName) => void): void {
  const open = [...device.opened].filter(([, opened]) => opened.open).map(([log]) => log);
  if (open.length > 0) deed(device.random.pick(open));
}

function withMessage(device: Device, deed: (message: Message) => void): void {
  withOpened(device, (log) => {
    const messages = device
      .conversation(log)
      .state()
      .timeline.filter(
        (entry): entry is Message => entry.kind === 'message' && entry.offset !== null && entry.gone === undefined,
      );
    if (messages.length > 0) deed(device.random.pick(messages.slice(-8)));
  });
}

function sayIn(world: World, device: Device, log: LogName): void {
  const others = world.users.filter((user) => user !== device.user);
  const mentions =
    parseLogName(log)?.kind === 'channel' && device.random.chance(0.2) ? [device.random.pick(others)] : [];
  const burst = device.random.chance(0.15) ? device.random.int(2, 12) : 1;
  for (let i = 0; i < burst; i++) device.send(log, mentions);
}

/** The device is without a network for a moment or for long. */
function stayAway(world: World, device: Device): void {
  const long = device.random.chance(0.3);
  const away_ms = long ? device.random.int(20_000, 60_000) : device.random.int(200, 5_000);
  device.setNetwork(false);
  world.clock.after(away_ms, () => device.setNetwork(true));
}
