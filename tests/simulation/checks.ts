import type { Message, TimelineEntry } from '@konferenco/client';
import { type Envelope, type LogName, parseLogName } from '@konferenco/protocol';
import type { Device } from './device.ts';
import type { World } from './world.ts';

/** What the store holds of one entry. */
interface Stored {
  readonly offset: number;
  readonly id: string;
  readonly sender: string;
  readonly text: string | null;
  readonly envelope: Envelope | null;
}

/** Entries of a log, by offset from 1. */
function entriesOf(world: World, log: LogName): readonly Stored[] {
  const entries = [...(world.disk.logs.get(log)?.entries.values() ?? [])];
  return entries.map(({ offset, id, sender, envelope }) => {
    const parsed = envelope === null ? null : (JSON.parse(envelope) as Envelope);
    const text = parsed?.payload['text'];
    return { offset, id, sender, envelope: parsed, text: typeof text === 'string' ? text : null };
  });
}

/** Nothing acknowledged is lost, nothing is stored twice, nothing refused is stored, offsets are gapless. */
export function checkStore(world: World): void {
  const texts = new Set<string>();
  const ids = new Map<string, { readonly log: LogName; readonly offset: number }>();
  const erasedOf = new Set<string>();
  for (const log of world.disk.logs.keys()) {
    if (parseLogName(log)?.kind === 'inbox') continue;
    entriesOf(world, log).forEach((entry, index) => {
      if (entry.offset !== index + 1) world.break(`${log} has @${entry.offset} in place ${index + 1}`);
      if (ids.has(entry.id)) world.break(`${log} @${entry.offset}: a second entry with the id ${entry.id}`);
      ids.set(entry.id, { log, offset: entry.offset });
      if (entry.envelope === null) erasedOf.add(`${log} ${entry.sender}`);
      if (entry.text === null) return;
      if (texts.has(entry.text)) world.break(`${log} @${entry.offset}: ${entry.text} is stored twice`);
      texts.add(entry.text);
    });
  }
  for (const device of world.devices) {
    for (const sent of device.sent) {
      const about = `${device.name}: ${sent.text ?? sent.what} in ${sent.log}`;
      if (sent.state === 'waiting') world.break(`${about} was never answered`);
      if (sent.state === 'refused' && sent.text !== null && texts.has(sent.text))
        world.break(`${about} was refused as ${sent.error} and is stored`);
      if (
        sent.state === 'orphaned' &&
        sent.what === 'send' &&
        !texts.has(sent.text ?? '') &&
        !erasedOf.has(`${sent.log} ${device.user}`)
      ) {
        world.break(`${about} was in the outbox when the program died, and is not stored`);
      }
      if (sent.state !== 'stored') continue;
      const found = ids.get(sent.id);
      if (found?.log !== sent.log || found.offset !== sent.offset) {
        world.break(
          `${about} was acknowledged @${sent.offset} and is ${found ? `in ${found.log} @${found.offset}` : 'lost'}`,
        );
      }
    }
  }
}

/** Messages of one device stand in each log in the order in which they were written. */
export function checkOrder(world: World): void {
  for (const log of world.disk.logs.keys()) {
    const last = new Map<string, number>();
    for (const { text, offset } of entriesOf(world, log)) {
      const [, author, number] = text?.match(/^(.+)#(\d+)$/) ?? [];
      if (author === undefined) continue;
      if ((last.get(author) ?? 0) > Number(number))
        world.break(`${log} @${offset}: ${text} stands after #${last.get(author)}`);
      last.set(author, Number(number));
    }
  }
}

/** Every device was told of everything it is to be told of, once, in order, with nothing invented. */
export function checkArrivals(world: World, device: Device, isNew = false): void {
  for (const [log, arrivals] of [...device.arrivals, ...device.toldBefore]) {
    const entries = entriesOf(world, log);
    for (const { offset, text } of arrivals) {
      const entry = entries[offset - 1];
      if (!entry) world.break(`${device.name} was told of ${log} @${offset}, which does not exist`);
      else if (entry.text !== null && text !== null && entry.text !== text) {
        world.break(`${device.name} was told that ${log} @${offset} says ${text} instead of ${entry.text}`);
      }
    }
  }
  // A device new to the account is told of the newest of its inbox only.
  for (const log of isNew ? [] : world.directLogsOf(device.user)) {
    expectAll(world, device, log, range(1, world.headOf(log)));
  }
  for (const [log, opened] of device.opened) {
    if (!opened.open || opened.headAtOpen === null || parseLogName(log)?.kind !== 'channel') continue;
    const said = opened.conversation
      .state()
      .timeline.flatMap((entry) => (entry.kind === 'gap' ? range(entry.from, entry.to) : []));
    expectAll(
      world,
      device,
      log,
      range(opened.headAtOpen + 1, world.headOf(log)).filter((offset) => !said.includes(offset)),
    );
  }
  // A mention that waited for its channel's entries before it, in a program that died, is in the channel alone.
  for (const log of isNew || device.hasRestarted ? [] : world.channels) {
    const mentions = entriesOf(world, log).filter(({ envelope }) =>
      (envelope?.payload['mentions'] as string[] | undefined)?.includes(device.user),
    );
    expectAll(
      world,
      device,
      log,
      mentions.filter(({ envelope }) => envelope?.subtype === 'channel_message').map(({ offset }) => offset),
    );
  }
}

function expectAll(world: World, device: Device, log: LogName, offsets: readonly number[]): void {
  const arrivals = [...(device.toldBefore.get(log) ?? []), ...(device.arrivals.get(log) ?? [])];
  const told = new Set(arrivals.map(({ offset }) => offset));
  const missing = offsets.filter((offset) => !told.has(offset));
  if (missing.length > 0) world.break(`${device.name} was never told of ${log} @${missing.join(' @')}`);
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
}

/** Everybody who has a conversation open, loaded whole, sees the same. */
export function checkReplicas(world: World): void {
  for (const log of world.disk.logs.keys()) {
    const views = world.devices.flatMap((device) => {
      const opened = device.opened.get(log);
      return opened?.open && opened.headAtOpen !== null
        ? [{ device, shown: opened.conversation.state().timeline.map(show) }]
        : [];
    });
    const [first, ...others] = views;
    for (const { device, shown } of others) {
      const at = shown.findIndex((line, index) => line !== first?.shown[index]);
      if (at >= 0 || shown.length !== first?.shown.length) {
        const place = at < 0 ? shown.length : at;
        world.break(
          `${log}: ${device.name} shows «${shown[place] ?? 'nothing'}» where ${first?.device.name} shows «${first?.shown[place] ?? 'nothing'}»`,
        );
      }
    }
  }
}

/** What a device keeps is what it showed: nothing else, in the same order, and where something is missing it says so. */
export async function checkKept(world: World): Promise<void> {
  for (const device of world.devices) {
    const opened = [...device.opened].flatMap(([log, { open, headAtOpen }]) =>
      open && headAtOpen !== null ? [log] : [],
    );
    for (const [log, { timeline }] of await device.showKept(opened)) {
      const live = device.conversation(log).state().timeline.map(show);
      const kept = timeline.map(show);
      const same = kept.filter((line) => live.includes(line));
      if (live.filter((line) => same.includes(line)).join('\n') !== same.join('\n'))
        world.break(`${device.name} keeps ${log} in another order`);
      const gaps = timeline.filter((entry) => entry.kind === 'gap');
      for (const line of kept) {
        if (!line.startsWith('gap') && !live.includes(line))
          world.break(`${device.name} keeps ${log} «${line}», which it does not show`);
      }
      for (const entry of device.conversation(log).state().timeline) {
        const offset = entry.kind === 'message' ? (entry.offset ?? 0) : 0;
        if (offset === 0 || kept.includes(show(entry)) || gaps.some(({ from, to }) => from <= offset && offset <= to))
          continue;
        world.break(`${device.name} does not keep ${log} «${show(entry)}» and does not say so`);
      }
    }
  }
}

function show(entry: TimelineEntry): string {
  return entry.kind === 'gap' ? `gap ${entry.from}–${entry.to} ${entry.reason}` : showMessage(entry);
}

function showMessage({ offset, id, text, gone, edited, reactions, state }: Message): string {
  const reacted = reactions.map(({ emoji, users }) => `${emoji}${[...users].sort().join('+')}`).sort();
  const own = state === 'stored' || state === 'read' ? '' : ` ${state}`;
  return `@${offset} ${gone ?? `${id.slice(-6)} ${text}${edited ? ' (edited)' : ''}`} ${reacted.join(' ')}${own}`;
}

/** Nothing waits any more. */
export function checkIdle(world: World): void {
  for (const { name, client } of world.devices) {
    if (client.waiting > 0) world.break(`${name} still has ${client.waiting} messages in its outbox`);
    if (client.link.kind !== 'online') world.break(`${name} is ${client.link.kind}`);
  }
}

/** Each device's kept inbox position is where its inbox ends. */
export function checkCursors(world: World): void {
  for (const { user, name } of world.devices) {
    const head = world.headOf(`in:${user}`);
    const cursor = world.disk.cursors.get(`${user} ${name}`) ?? 0;
    if (cursor !== head) world.break(`${name} acknowledged its inbox up to ${cursor} of ${head}`);
  }
}

/** While everybody is connected, every device sees it, on whatever node, and who is in each channel. */
export function checkPresence(world: World): void {
  for (const { name, client } of world.devices) {
    const unseen = world.users.filter((user) => client.presence.status(user) !== 'online');
    if (unseen.length > 0) world.break(`${name} shows ${unseen.join(', ')} as away`);
    for (const log of world.channels) {
      const channel = log.slice('ch:'.length);
      const [shown, there] = [client.presence.count(channel), hearersOf(world, log).size];
      if (shown !== there) world.break(`${name} shows ${shown} people in ${channel}, where ${there} are`);
    }
  }
}

/** Users of all nodes with a connection that hears `log`. */
function hearersOf(world: World, log: LogName): ReadonlySet<string> {
  const connections = world.nodes.flatMap(({ server }) => [...(server?.node.services.hub.connections() ?? [])]);
  return new Set(connections.filter(({ logs }) => logs.includes(log)).map(({ user }) => user));
}

/** After everybody left, a node remembers nobody. */
export function checkEmpty(world: World): void {
  for (const { name, server } of world.nodes) {
    if (!server) continue;
    const { gateway, services } = server.node;
    if (gateway.connections > 0) world.break(`${name} still has ${gateway.connections} connections`);
    if (services.hub.users > 0) world.break(`${name} still has ${services.hub.users} users`);
    if (services.hub.logs.size > 0)
      world.break(`${name} still has the logs ${[...services.hub.logs.keys()].join(', ')}`);
    const ghosts = world.users.filter((user) => services.presence.statusOf(user) !== 'offline');
    if (ghosts.length > 0) world.break(`${name} still shows ${ghosts.join(', ')}`);
  }
}
