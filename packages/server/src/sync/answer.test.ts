import { describe, expect, test } from 'bun:test';
import { viewSession, viewSet } from '@konferenco/core';
import { LIMITS } from '@konferenco/protocol';
import { put, recordKey } from '../accounts/records.ts';
import type { World } from '../accounts/test-world.ts';
import { createWorld } from '../accounts/test-world.ts';
import { answerSync } from './answer.ts';
import { readDelta } from './delta.ts';
import { MEETINGS, USER_MEETINGS } from './records.ts';
import { ALL, applied, createProgramme, deltaOf, HOUR, snapshotOf, Writer } from './test-sync.ts';

const SCHEDULE = { namespace: 'schedule', event: 'hui' } as const;
const MINE = { namespace: 'personal', user: 'aroha' } as const;
const DAY = 86_400_000;

const schedule = (world: World, since_version?: string, more: object = {}) =>
  answerSync(world, 'aroha', { namespace: 'schedule', event: 'hui', since_version, ...more }, ALL);

/** Puts `count` chat messages into a person's inbox. */
async function chat(world: World, user: string, count: number): Promise<void> {
  const appends = Array.from({ length: count }, () => ({
    log: 'dm:aroha:ben',
    id: world.newId(),
    sender: 'ben',
    envelope: '{"type":"chat","subtype":"direct_message","payload":{"text":"kia ora"}}',
    expires_at: world.clock.now() + 90 * DAY,
    notify: [{ user, reason: 'direct' as const }],
  }));
  await world.store.commit(appends.map((append) => ({ appends: [append] })));
}

describe('what changed', () => {
  // proves SY-14
  test('comes alone, in the order it was stored, and leads to the same documents as a snapshot', async () => {
    const world = await createProgramme();
    const before = await snapshotOf(world, 'aroha', SCHEDULE);
    const { new_version } = await schedule(world);
    const owner = new Writer(world, 'owen');
    await owner.session('repo', { room: 'B' });
    await owner.schedule('session_cancelled', { session: 'walk', reason: 'Rain', ...owner.stamp() });
    const operations = await deltaOf(world, 'aroha', SCHEDULE, new_version);
    expect(operations.length).toBe(2);
    const documents = applied(operations, before);
    expect(documents).toEqual(await snapshotOf(world, 'aroha', SCHEDULE));
    expect(viewSession('session/walk', documents.get('session/walk') ?? {})?.cancelled?.reason).toBe('Rain');
  });

  // proves SY-15
  test('comes in parts of as many operations and bytes as asked for, and says when there is more', async () => {
    const world = await createProgramme();
    const owner = new Writer(world, 'owen');
    for (let room = 0; room < 9; room++) await owner.session('repo', { room: `R${room}` });
    const parts: number[] = [];
    for (let version = 'memory:3', more = true; more; ) {
      const answer = await schedule(world, version, { max_operations: 4 });
      parts.push(answer.operations?.length ?? 0);
      version = answer.new_version;
      more = answer.has_more;
    }
    expect(parts).toEqual([4, 4, 1]);
    const small = await answerSync(
      world,
      'aroha',
      { namespace: 'schedule', event: 'hui', since_version: 'memory:3' },
      1,
    );
    expect(small).toMatchObject({ has_more: true, new_version: 'memory:4' });
  });

  // proves SY-16
  test('an inbox full of chat is passed over a bounded part at a time', async () => {
    const world = await createWorld();
    await chat(world, 'aroha', 1_800);
    await new Writer(world, 'aroha').add('favourites', 'repo');
    const first = await answerSync(world, 'aroha', { namespace: 'personal', since_version: 'memory:0' }, ALL);
    expect(first).toMatchObject({ operations: [], has_more: true });
    const operations = await deltaOf(world, 'aroha', MINE, 'memory:0');
    expect(operations.map(({ offset }) => offset)).toEqual([1_801]);
  });

  test('is nothing for who has everything', async () => {
    const world = await createProgramme();
    const { new_version } = await schedule(world);
    expect(await schedule(world, new_version)).toEqual({ operations: [], new_version, has_more: false });
  });
});

describe('everything comes, in pages, to who', () => {
  // proves SY-17
  test.each([
    ['knows nothing', undefined],
    ['knows another store', 'elsewhere:3'],
    ['is ahead of the log', 'memory:99'],
    ['says no version', 'rubbish'],
  ])('%s', async (_, since) => {
    const world = await createProgramme();
    const answer = await schedule(world, since);
    expect(answer.operations).toBeUndefined();
    expect(answer.snapshot?.documents.map(({ key }) => key)).toEqual([
      'session/repo',
      'session/soil',
      'session/walk',
      'attendance',
    ]);
    expect(answer.new_version).toBe('memory:3');
  });

  // proves SY-18
  test('was away for longer than the horizon, or longer than operations are kept', async () => {
    const world = await createProgramme();
    world.clock.time += 6 * DAY;
    expect((await schedule(world, 'memory:1')).operations?.length).toBe(2);
    world.clock.time += 1.5 * DAY;
    await world.store.trim(world.clock.now());
    expect((await schedule(world, 'memory:1')).snapshot?.documents.length).toBe(4);
    const own = await createWorld();
    await new Writer(own, 'aroha').add('favourites', 'repo');
    own.clock.time += LIMITS.sync_horizon_ms + 1;
    await new Writer(own, 'aroha', 'second').add('favourites', 'soil');
    const query = { namespace: 'personal', since_version: 'memory:0' } as const;
    expect((await answerSync(own, 'aroha', query, ALL)).snapshot).toBeDefined();
  });

  test('is so far behind that a snapshot is shorter', async () => {
    const world = await createWorld();
    await chat(world, 'aroha', 5_001);
    const query = { after: 0, max_operations: 500, max_bytes: ALL, now: world.clock.now() };
    expect(await readDelta(world.store, MINE, query)).toBeNull();
  });
});

describe('a snapshot', () => {
  // proves SY-19
  test('of many documents comes in pages of at most a hundred, whose version is that of before the first', async () => {
    const world = await createWorld();
    const changes = Array.from({ length: 130 }, (_, index) => {
      const id = `m-${String(index).padStart(4, '0')}`;
      return [
        put(USER_MEETINGS, recordKey('aroha', id), {
          starts_at: 0,
          ends_at: world.clock.now(),
          standing: 'open' as const,
        }),
        put(MEETINGS, id, { v: 1 }),
      ];
    });
    await world.store.commit([{ changes: changes.flat() }]);
    await new Writer(world, 'aroha').add('favourites', 'repo');
    const first = await answerSync(world, 'aroha', { namespace: 'personal' }, ALL);
    expect(first.snapshot?.documents.length).toBeLessThanOrEqual(100);
    expect(first.has_more).toBe(true);
    await new Writer(world, 'aroha', 'late').add('favourites', 'soil');
    const keys = (first.snapshot?.documents ?? []).map(({ key }) => key);
    for (let cursor = first.snapshot?.cursor; cursor !== undefined; ) {
      const page = await answerSync(world, 'aroha', { namespace: 'personal', cursor }, ALL);
      expect(page.new_version).toBe(first.new_version);
      keys.push(...(page.snapshot?.documents ?? []).map(({ key }) => key));
      cursor = page.snapshot?.cursor;
    }
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.filter((key) => key.startsWith('meeting/')).length).toBe(130);
    const since = await deltaOf(world, 'aroha', MINE, first.new_version);
    expect(viewSet(applied(since).get('favourites') ?? null)).toEqual(['soil']);
  });

  test('cut by bytes brings every document once', async () => {
    const world = await createProgramme();
    const aroha = new Writer(world, 'aroha');
    await aroha.add('favourites', 'repo');
    await aroha.set('settings', 'theme', 'dark');
    expect(await snapshotOf(world, 'aroha', MINE, 1)).toEqual(await snapshotOf(world, 'aroha', MINE));
    expect(await snapshotOf(world, 'aroha', SCHEDULE, 1)).toEqual(await snapshotOf(world, 'aroha', SCHEDULE));
  });

  // proves SY-20
  test('leaves out meetings that ended more than thirty days ago', async () => {
    const world = await createWorld();
    const aroha = new Writer(world, 'aroha');
    const meeting = '01932b00-0000-7000-8000-00000000000a';
    const slot = { starts_at: world.clock.now() + HOUR, ends_at: world.clock.now() + 2 * HOUR };
    await aroha.meeting('request', 'ben', { meeting, title: 'Talk', ...slot, ...aroha.stamp() });
    expect((await snapshotOf(world, 'ben', { namespace: 'personal', user: 'ben' })).has(`meeting/${meeting}`)).toBe(
      true,
    );
    world.clock.time = slot.ends_at + 30 * DAY + 1;
    expect((await snapshotOf(world, 'ben', { namespace: 'personal', user: 'ben' })).has(`meeting/${meeting}`)).toBe(
      false,
    );
  });
});

// proves SY-21
test('a programme is for members of its event, and one’s own state for nobody else', async () => {
  const world = await createProgramme();
  const asked = (user: string, event?: string) => answerSync(world, user, { namespace: 'schedule', event }, ALL);
  await expect(asked('zed', 'hui')).rejects.toMatchObject({ error: 'not_member' });
  await expect(asked('aroha')).rejects.toMatchObject({ error: 'invalid' });
  await new Writer(world, 'aroha').add('favourites', 'repo');
  expect(await snapshotOf(world, 'ben', { namespace: 'personal', user: 'ben' })).not.toContainKey('favourites');
});
