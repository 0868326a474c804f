import { type ModelDevice, ReplicaWorld } from '../../packages/client/src/testing/replica-world.ts';
import { sessionAt } from '../../packages/client/src/testing/said-by.ts';

/** People and how many devices each has: twenty in all. */
const PEOPLE: Readonly<Record<string, number>> = {
  ana: 4,
  ben: 3,
  cleo: 3,
  dan: 3,
  eru: 3,
  fia: 2,
  gus: 1,
  organiser: 1,
};
const NAMES = Object.keys(PEOPLE);
const EVENT = 'conf';
const SESSIONS = ['s1', 's2', 's3', 's4', 's5', 's6'];
const CHANNELS = ['soil', 'bees', 'eels'];
const HOUR = 3_600_000;
const YEAR_MS = 365 * 86_400_000;
const STEPS = 100;
/** Things that happen before any time passes. */
const AT_ONCE = 4;

/** What came of a run. */
export interface ReplicaRun {
  /** What is not as it must be; empty when all is well. */
  readonly broken: readonly string[];
  /** Operations that took effect. */
  readonly stored: number;
  /** What all ended with, as text: the same for the same seed. */
  readonly digest: string;
}

/** What a run has promised to people: kept on the device, so it must not be lost. */
interface Promised {
  readonly meetings: Set<string>;
}

/**
 * Twenty replicas in virtual time: people do things on devices whose links are cut, whose programs are killed and whose
 * clocks are wrong, one of them by a year; then everybody comes back, and all must be the same.
 */
export async function runReplicas(seed: number): Promise<ReplicaRun> {
  const world = new ReplicaWorld(seed, { page: 3, operations: 4 });
  const { server, random, clock } = world;
  const devices: ModelDevice[] = [];
  for (const [person, count] of Object.entries(PEOPLE)) {
    for (let n = 0; n < count; n++) {
      const skew = devices.length === 0 ? YEAR_MS : Math.floor((random() - 0.5) * 120_000);
      devices.push(await world.device(person, { skew, isOnline: random() < 0.7 }));
    }
  }
  const promised: Promised = { meetings: new Set() };
  const organiser = devices.at(-1) as ModelDevice;
  for (const [index, id] of SESSIONS.entries()) {
    const { session, set } = sessionAt(id, index, clock) as { session: string; set: Record<string, never> };
    organiser.client
      .programme(EVENT)
      .change(session, set)
      .catch(() => undefined);
  }
  server.refuse = ({ type, from, payload }) =>
    (type === 'schedule' && from.user_id !== 'organiser') || payload['element'] === 'refused' ? 'forbidden' : null;
  for (let step = 0; step < STEPS; step++) {
    for (let at_once = 0; at_once < AT_ONCE; at_once++) await happen(world, devices, promised);
    await world.pass(Math.floor(random() * 3_000));
  }
  await comeBack(world, devices);
  return { broken: await findings(world, devices, promised), stored: server.stored.size, digest: await digest(world) };
}

async function happen(world: ReplicaWorld, devices: readonly ModelDevice[], promised: Promised): Promise<void> {
  const { random, server } = world;
  const device = pick(devices, random);
  const chance = random();
  if (!device.isRunning) {
    if (chance < 0.5) await device.start();
    return;
  }
  if (chance < 0.08) return device.network(!device.isOnline);
  if (chance < 0.12) return device.kill();
  if (chance < 0.15) return server.cut(random() < 0.5 ? undefined : device.user);
  if (chance < 0.17) {
    server.horizon = Math.floor(random() * 30);
    return;
  }
  // Nobody waits for it: a program may be killed in the middle.
  act(device, world, promised).catch(() => undefined);
}

/** One thing that a person does. Rejects when it is not possible now. */
async function act({ client, user }: ModelDevice, { random, clock }: ReplicaWorld, promised: Promised): Promise<void> {
  const programme = client.programme(EVENT);
  const session = pick(SESSIONS, random);
  const on = random() < 0.6;
  switch (Math.floor(random() * 10)) {
    case 0:
      return programme.setFavourite(session, on);
    case 1:
      return programme.setAttending(session, on);
    case 2:
      return client.own.setBlocked(random() < 0.1 ? 'refused' : pick(NAMES, random), on);
    case 3:
      return on ? client.own.joinChannel(pick(CHANNELS, random)) : client.own.leaveChannel(pick(CHANNELS, random));
    case 4:
      return client.own.setSetting(pick(['theme', 'language'], random), Math.floor(random() * 100));
    case 5:
      return random() < 0.5
        ? programme.change(session, { room: `room ${Math.floor(random() * 100)}` })
        : programme.cancel(session, 'weather');
    case 6: {
      const starts_at = clock.now() + Math.ceil(random() * 20) * HOUR;
      const other = pick(
        NAMES.filter((name) => name !== user),
        random,
      );
      const wish = { with: other, title: 'Talk', starts_at, ends_at: starts_at + HOUR };
      promised.meetings.add(await client.meetings.request(wish));
      return;
    }
    default:
      return meet(client, random, clock.now());
  }
}

async function meet(client: ModelDevice['client'], random: () => number, now: number): Promise<void> {
  const { meetings } = client;
  const meeting = pick(meetings.state().items, random);
  if (!meeting) return;
  const { id, agenda } = meeting;
  const starts_at = now + Math.ceil(random() * 20) * HOUR;
  switch (Math.floor(random() * 8)) {
    case 0:
    case 1:
      return meetings.accept(id);
    case 2:
      return meetings.decline(id, 'no');
    case 3:
      return meetings.propose(id, { starts_at, ends_at: starts_at + HOUR });
    case 4:
      return random() < 0.3 ? meetings.cancel(id) : undefined;
    case 5:
      return meetings.addAgendaItem(
        id,
        `item ${Math.floor(random() * 1_000)}`,
        pick([null, ...agenda.map((item) => item.id)], random),
      );
    case 6: {
      const item = pick(agenda, random);
      return item && meetings.setAgendaItem(id, item.id, `${item.text}!`, !item.done);
    }
    default: {
      const notes = await meetings.notes(id);
      notes.edit(`${notes.text()} word${Math.floor(random() * 1_000)}`);
      notes.close();
    }
  }
}

/** Everything is mended: links, programs, time to settle. */
async function comeBack(world: ReplicaWorld, devices: readonly ModelDevice[]): Promise<void> {
  for (const device of devices) {
    if (!device.isRunning) await device.start();
    if (!device.isOnline) await device.network(true);
    device.client.programme(EVENT);
  }
  await world.pass(180_000);
}

async function findings(
  { server }: ReplicaWorld,
  devices: readonly ModelDevice[],
  promised: Promised,
): Promise<readonly string[]> {
  const broken: string[] = [];
  for (const [index, device] of devices.entries()) {
    const name = `device ${index} of ${device.user}`;
    const { waiting, scopes } = device.client.sync.state();
    if (waiting > 0) broken.push(`${name}: ${waiting} wait`);
    if (scopes.some(({ synced_at }) => synced_at === null)) broken.push(`${name}: was never in step`);
    for (const [namespace, id] of [
      ['personal', device.user],
      ['schedule', EVENT],
    ] as const) {
      const kept = await device.store.list('documents', { prefix: `${namespace}/${id}/`, limit: 10_000 });
      const here = kept.map(({ key, value }) => [key.slice(`${namespace}/${id}/`.length), value] as const);
      if (bytes(here) !== bytes([...server.documents(namespace, id)]))
        broken.push(`${name}: ${namespace} is not what the server has`);
    }
  }
  for (const device of devices) {
    const first = devices.find(({ user }) => user === device.user) as ModelDevice;
    if (shown(device) !== shown(first)) broken.push(`the devices of ${device.user} show different things`);
  }
  const dots = [...server.stored.values()].flatMap(({ payload }) => payload['dot'] ?? []);
  if (new Set(dots).size !== dots.length) broken.push('an operation took effect twice');
  for (const meeting of promised.meetings)
    if (![...server.stored.values()].some((e) => e.subtype === 'request' && e.payload['meeting'] === meeting))
      broken.push(`the request of meeting ${meeting} was kept and is lost`);
  return broken;
}

function shown({ client }: ModelDevice): string {
  const { sessions } = client.programme(EVENT).state();
  // What a device was told of its own conflicts is its own.
  const meetings = client.meetings.state().items.map(({ accept_again: _, ...meeting }) => meeting);
  return JSON.stringify([sessions, meetings, client.own.state()]);
}

async function digest({ server }: ReplicaWorld): Promise<string> {
  const all = [...NAMES.map((name) => server.documents('personal', name)), server.documents('schedule', EVENT)];
  return Bun.hash(all.map((documents) => bytes([...documents])).join('\n')).toString(16);
}

function bytes(documents: readonly (readonly [string, unknown])[]): string {
  const sorted = [...documents].sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(sorted);
}

function pick<T>(from: readonly T[], random: () => number): T {
  return from[Math.floor(random() * from.length)] as T;
}
