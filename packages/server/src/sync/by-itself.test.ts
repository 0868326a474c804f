import { describe, expect, test } from 'bun:test';
import { removalTags, viewAttendance } from '@konferenco/core';
import type { Envelope } from '@konferenco/protocol';
import type { World } from '../accounts/test-world.ts';
import { AttendanceCount } from './attendance.ts';
import { freeTimes } from './free-times.ts';
import { loadPersonal } from './personal-store.ts';
import { liftProgramme, programme } from './programme.ts';
import { ATTENDANCE_CHANGES, MEETINGS } from './records.ts';
import { applied, createProgramme, deltaOf, HOUR, snapshotOf, Writer } from './test-sync.ts';
import { Turns } from './turns.ts';

const SCHEDULE = { namespace: 'schedule', event: 'hui' } as const;
const MEETING = '01932b00-0000-7000-8000-00000000000a';
const fail = (error: unknown) => {
  throw error;
};

async function said(world: World, log: string): Promise<Envelope[]> {
  const { entries } = await world.store.read(log, { after: 0, limit: 500, max_bytes: 1e6 });
  return entries.map(({ envelope }) => JSON.parse(envelope ?? '') as Envelope);
}

describe('attendance', () => {
  // proves SY-22
  test('is the number of people who go, whoever counts and however often they change their minds', async () => {
    const world = await createProgramme();
    const [aroha, ben] = [new Writer(world, 'aroha'), new Writer(world, 'ben')];
    await aroha.add('attending', 'repo');
    await ben.add('attending', 'repo');
    await ben.add('attending', 'soil');
    const counts = [new AttendanceCount(world, fail), new AttendanceCount(world, fail)];
    await Promise.all(counts.map((count) => count.count()));
    const tags = removalTags((await loadPersonal(world, 'ben', 'attending')).value, 'repo');
    await ben.remove('attending', 'repo', tags);
    await Promise.all(counts.map((count) => count.count()));
    for (const count of counts) count.close();
    const documents = await snapshotOf(world, 'aroha', SCHEDULE);
    const attendance = documents.get('attendance') ?? null;
    expect(viewAttendance(attendance)).toEqual(
      new Map([
        ['repo', 1],
        ['soil', 1],
      ]),
    );
    expect(applied(await deltaOf(world, 'aroha', SCHEDULE, 'memory:0'))).toEqual(documents);
    expect(await world.store.list(ATTENDANCE_CHANGES.name, '', { limit: 10 })).toEqual([]);
    const spoken = (await said(world, 'ev:hui')).filter(({ subtype }) => subtype === 'attendance');
    expect(spoken.every(({ from }) => from.user_id === 'system')).toBe(true);
  });

  // proves SY-22
  test('is counted once when another node counts between two looks of the first', async () => {
    const world = await createProgramme();
    await new Writer(world, 'aroha').add('attending', 'repo');
    const other = new AttendanceCount(world, fail);
    let isFirst = true;
    const { store } = world;
    const list: typeof store.list = async (collection, prefix, page) => {
      const rows = await store.list(collection, prefix, page);
      if (isFirst && collection === ATTENDANCE_CHANGES.name) {
        isFirst = false;
        await other.count();
      }
      return rows;
    };
    const get: typeof store.get = (collection, key) => store.get(collection, key);
    const commit: typeof store.commit = (commands) => store.commit(commands);
    const late = { epoch: store.epoch, list, get, commit } as unknown as typeof store;
    const slow = new AttendanceCount({ ...world, store: late }, fail);
    await slow.count();
    for (const count of [slow, other]) count.close();
    const documents = await snapshotOf(world, 'aroha', SCHEDULE);
    expect(viewAttendance(documents.get('attendance') ?? null)).toEqual(new Map([['repo', 1]]));
  });

  test('that many change at once is said in few words', async () => {
    const world = await createProgramme();
    for (const user of ['aroha', 'ben', 'sefa', 'mira', 'owen']) await new Writer(world, user).add('attending', 'repo');
    const count = new AttendanceCount(world, fail);
    await count.count();
    count.close();
    expect((await said(world, 'ev:hui')).filter(({ subtype }) => subtype === 'attendance').length).toBe(1);
  });
});

describe('what is due', () => {
  async function agreed() {
    const world = await createProgramme();
    const [aroha, ben] = [new Writer(world, 'aroha'), new Writer(world, 'ben')];
    const starts_at = world.clock.now() + 4 * HOUR;
    const request = { meeting: MEETING, title: 'Talk', starts_at, ends_at: starts_at + HOUR, ...aroha.stamp() };
    await aroha.meeting('request', 'ben', request);
    const accept = { meeting: MEETING, proposal: request.dot, ...ben.stamp() };
    await ben.meeting('accept', 'aroha', accept);
    return { world, starts_at, ben, aroha, proposal: request.dot };
  }
  const take = async (world: World) => {
    const turns = [new Turns(world, fail), new Turns(world, fail)];
    await Promise.all(turns.map((one) => one.take()));
    for (const one of turns) one.close();
  };
  const reminders = async (world: World, user: string) =>
    (await said(world, `me:${user}`)).filter(({ subtype }) => subtype === 'reminder');

  // proves SY-23
  test('a reminder comes once to each, a quarter of an hour before, though two nodes and a restart look', async () => {
    const { world, starts_at, proposal } = await agreed();
    world.clock.time = starts_at - 15 * 60_000 - 1;
    await take(world);
    expect(await reminders(world, 'aroha')).toEqual([]);
    world.clock.time += 1;
    await take(world);
    await take(world);
    for (const user of ['aroha', 'ben']) {
      const [one, ...others] = await reminders(world, user);
      expect(others).toEqual([]);
      expect(one).toMatchObject({ from: { user_id: 'system' }, payload: { meeting: MEETING, proposal, starts_at } });
    }
  });

  test('agreeing to the same time again brings no second reminder', async () => {
    const { world, starts_at, ben, proposal } = await agreed();
    world.clock.time = starts_at - 60_000;
    await take(world);
    for (const subtype of ['decline', 'accept']) {
      await ben.meeting(subtype, 'aroha', { meeting: MEETING, proposal, ...ben.stamp() });
    }
    await take(world);
    expect((await reminders(world, 'ben')).length).toBe(1);
  });

  test('a meeting that was cancelled, or whose time has passed, reminds nobody', async () => {
    const cancelled = await agreed();
    await cancelled.ben.meeting('cancel', 'aroha', { meeting: MEETING, ...cancelled.ben.stamp() });
    cancelled.world.clock.time = cancelled.starts_at - 60_000;
    await take(cancelled.world);
    expect(await reminders(cancelled.world, 'ben')).toEqual([]);
    const late = await agreed();
    late.world.clock.time = late.starts_at;
    await take(late.world);
    expect(await reminders(late.world, 'ben')).toEqual([]);
  });

  // proves SY-24
  test('sessions begin and end once, at the time they have then; cancelled ones do neither', async () => {
    const world = await createProgramme();
    const noon = world.clock.now();
    const owner = new Writer(world, 'owen');
    await owner.session('soil', { starts_at: noon + 5 * HOUR, ends_at: noon + 6 * HOUR });
    await owner.schedule('session_cancelled', { session: 'walk', ...owner.stamp() });
    const turnsSaid = async () =>
      (await said(world, 'ev:hui'))
        .filter(({ from }) => from.user_id === 'system')
        .map(({ subtype, payload }) => `${subtype} ${payload['session']}`);
    world.clock.time = noon + HOUR;
    await take(world);
    expect(await turnsSaid()).toEqual(['session_start repo']);
    for (const hour of [2, 3, 4, 5, 6]) {
      world.clock.time = noon + hour * HOUR;
      await take(world);
    }
    expect(await turnsSaid()).toEqual([
      'session_start repo',
      'session_end repo',
      'session_start soil',
      'session_end soil',
    ]);
  });

  test('a meeting is forgotten thirty days after its end', async () => {
    const { world, starts_at } = await agreed();
    world.clock.time = starts_at + HOUR + 30 * 86_400_000;
    await take(world);
    expect(await world.store.get(MEETINGS.name, MEETING)).toBeNull();
    expect(await world.store.list('user_meeting', '', { limit: 10 })).toEqual([]);
  });
});

describe('times to meet', () => {
  // proves SY-25
  test('are the half hours of the programme when neither goes to a session or has a meeting', async () => {
    const world = await createProgramme();
    await new Writer(world, 'aroha').add('attending', 'repo');
    const ben = new Writer(world, 'ben');
    await ben.add('attending', 'walk');
    const noon = world.clock.now();
    const free = async () => {
      const slots = await freeTimes(world, 'aroha', { with: 'ben', event: 'hui' });
      return slots.map(({ starts_at }) => (starts_at - noon) / HOUR);
    };
    expect(await free()).toEqual([2, 2.5]);
    const sefa = new Writer(world, 'sefa');
    const slot = { starts_at: noon + 2.5 * HOUR, ends_at: noon + 3 * HOUR };
    const request = { meeting: MEETING, title: 'Talk', ...slot, ...sefa.stamp() };
    await sefa.meeting('request', 'ben', request);
    expect(await free()).toEqual([2, 2.5]);
    await ben.meeting('accept', 'sefa', { meeting: MEETING, proposal: request.dot, ...ben.stamp() });
    expect(await free()).toEqual([2]);
    const slots = await freeTimes(world, 'aroha', { with: 'ben', event: 'hui' });
    expect(slots.every((slot) => Object.keys(slot).join() === 'starts_at,ends_at')).toBe(true);
  });

  test('are not told of people one cannot write to, whatever the reason', async () => {
    const world = await createProgramme();
    await new Writer(world, 'ben').add('blocked', 'aroha');
    for (const other of ['ben', 'zed', 'nobody', 'aroha']) {
      await expect(freeTimes(world, 'aroha', { with: other, event: 'hui' })).rejects.toMatchObject({
        error: 'not_found',
      });
    }
    await expect(freeTimes(world, 'zed', { with: 'ben', event: 'hui' })).rejects.toMatchObject({ error: 'not_member' });
  });
});

// proves SY-26
test('a programme recorded before there were operations becomes documents, once', async () => {
  const world = await createProgramme();
  const old = { title: 'Old', room: 'C', starts_at: 1, ends_at: 2, speakers: [{ name: 'Mere' }], abstract: 'Text' };
  await world.store.commit([{ changes: [{ collection: 'programme', key: 'hui/old', value: old }] }]);
  await liftProgramme(world);
  await liftProgramme(world);
  expect((await programme(world, 'hui'))[0]).toEqual({ id: 'old', ...old });
  expect(await new Writer(world, 'owen').session('old', { room: 'D' })).toMatchObject({ kind: 'kept' });
  expect((await programme(world, 'hui'))[0]?.room).toBe('D');
});

test('a session of one event is not put on the programme of another', async () => {
  const world = await createProgramme();
  await world.store.commit([
    { changes: [{ collection: 'member', key: 'other/owen', value: { role: 'owner', joined_at: 0 } }] },
  ]);
  const owner = new Writer(world, 'owen');
  const set = { title: 'Same', starts_at: 1, ends_at: 2 };
  expect(await owner.session('repo', set, 'other')).toMatchObject({ kind: 'refused', error: 'conflict' });
});
