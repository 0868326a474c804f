import { channelLog, type LogName } from '@konferenco/protocol';
import { SeededRandom } from '../seeded-random.ts';
import { pooled } from './final-read.ts';
import { Person } from './person.ts';
import { EVENT, makeSessions } from './person-operations.ts';
import type { Recorder } from './recorder.ts';
import { RestReader } from './rest-reader.ts';

const ROOM_SIZE = 40;
const DEN_SIZE = 5;
const PEERS = 4;

export interface CompanyOptions {
  readonly urls: readonly string[];
  readonly writers: number;
  readonly seed: number;
  readonly recorder: Recorder;
  readonly pace_ms: number;
  readonly haste: number;
}

interface Channel {
  readonly id: string;
  readonly members: readonly string[];
  readonly isPrivate: boolean;
}

export interface Company {
  readonly people: readonly Person[];
  /** Somebody who may read it, of each channel. */
  readonly channels: ReadonlyMap<LogName, string>;
}

/** People and their channels: a hall with everybody, rooms of forty, and private dens of five. */
export async function gather(options: CompanyOptions): Promise<Company> {
  const { urls, writers, seed, recorder } = options;
  const users = Array.from({ length: writers }, (_, index) => `w${index + 1}`);
  const rest = new RestReader(urls[0] ?? '');
  await pooled(users, async (user) => void (await rest.ask(user, 'GET /api/me')));
  await makeSessions(urls[0] ?? '');
  const hall: Channel = { id: 'hall', members: users, isPrivate: false };
  const rooms = groups(users, ROOM_SIZE).map((members, index) => ({
    id: `room-${index + 1}`,
    members,
    isPrivate: false,
  }));
  const dens: Channel[] = [];
  for (const members of groups(users, DEN_SIZE)) dens.push(await makeDen(rest, dens.length + 1, members));
  const channels = [hall, ...rooms, ...dens];
  for (const { id, members, isPrivate } of channels)
    recorder.record({ kind: 'channel', log: channelLog(id), members: isPrivate ? members : null });
  const people = users.map((user, index) => {
    const own = channels.filter(({ members }) => members.includes(user));
    return new Person({
      ...options,
      user,
      channels: own.map(({ id }) => id),
      foreign: dens.filter(({ members }) => !members.includes(user)).map(({ id }) => id),
      peers: Array.from({ length: PEERS }, (_, i) => users[(index + i + 1) % users.length] ?? user).filter(
        (peer) => peer !== user,
      ),
      random: new SeededRandom(seed * 7_919 + index),
    });
  });
  return { people, channels: new Map(channels.map(({ id, members }) => [channelLog(id), members[0] ?? ''])) };
}

async function makeDen(rest: RestReader, number: number, members: readonly string[]): Promise<Channel> {
  const [owner = '', ...others] = members;
  const request = `POST /api/events/${EVENT}/channels`;
  const { id } = await rest.ask<{ id: string }>(owner, request, { title: `Den ${number}`, visibility: 'private' });
  for (const user of others) await rest.ask(owner, `PUT /api/channels/${id}/members/${user}`);
  return { id, members, isPrivate: true };
}

function groups(users: readonly string[], size: number): string[][] {
  return Array.from({ length: Math.ceil(users.length / size) }, (_, i) => users.slice(i * size, (i + 1) * size));
}
