import { expect, test } from 'bun:test';
import { PART_LEASE_MS } from '@konferenco/core';
import type { PresenceStatus, ServerFrameOf } from '@konferenco/protocol';
import fc from 'fast-check';
import type { Connection } from '../gateway/connection.ts';
import { ChannelView } from './channel-view.ts';
import { type CrowdWord, LocalCrowd } from './local-crowd.ts';
import { LARGE_GATHER_MS, MOST_NAMED } from './pace.ts';

const USERS = ['ana', 'ben', 'cyd', 'dov'];

/** What one watcher makes of its frames. */
class Shown {
  readonly users = new Map<string, PresenceStatus>();
  count = -1;

  take({ count = 0, full, users }: ServerFrameOf<'presence'>): void {
    this.count = count;
    if (full) this.users.clear();
    for (const { user_id, status } of users) {
      if (status === 'offline') this.users.delete(user_id);
      else this.users.set(user_id, status);
    }
  }
}

/** A node that says who is in a channel, and one that hears it over a line that loses and reorders. */
function setUp() {
  const statuses = new Map<string, PresenceStatus>(USERS.map((user) => [user, 'online']));
  const there = new LocalCrowd((user) => statuses.get(user) ?? 'online');
  const here = new LocalCrowd(() => 'online');
  return { statuses, there, here, view: new ChannelView('hall', here) };
}

const step = fc.oneof(
  fc.record({ do: fc.constant('join' as const), user: fc.constantFrom(...USERS) }),
  fc.record({ do: fc.constant('leave' as const), user: fc.constantFrom(...USERS) }),
  fc.record({
    do: fc.constant('set' as const),
    user: fc.constantFrom(...USERS),
    to: fc.constantFrom('busy', 'away', 'online'),
  }),
  fc.record({ do: fc.constant('here' as const), user: fc.constantFrom(...USERS) }),
  fc.record({
    do: fc.constant('say' as const),
    fate: fc.constantFrom('arrives', 'is lost', 'comes late', 'comes twice'),
  }),
  fc.record({ do: fc.constant('watch' as const) }),
  fc.record({ do: fc.constant('tell' as const) }),
);

test('whatever is lost, late or doubled, and whenever somebody begins to watch, all show who is there once all is said', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { statuses, there, here, view } = setUp();
      const watchers: Shown[] = [];
      const late: CrowdWord[] = [];
      let [version, now] = [0, 0];
      let isWholeDue = true;
      const take = (word: CrowdWord) => {
        if (view.take('north', word, now, Number.POSITIVE_INFINITY) === 'missed') isWholeDue = true;
      };
      const watch = () => {
        const shown = new Shown();
        watchers.push(shown);
        view.watchers.add({} as Connection);
        shown.take(view.fullFrame());
      };
      const tell = () => {
        now += LARGE_GATHER_MS;
        const frame = view.takeFrame(now);
        if (frame) for (const shown of watchers) shown.take(frame);
      };
      for (const one of steps) {
        if (one.do === 'join') there.join(one.user);
        else if (one.do === 'leave') there.leave(one.user);
        else if (one.do === 'set') {
          statuses.set(one.user, one.to as PresenceStatus);
          there.touch(one.user);
        } else if (one.do === 'here') {
          if (here.statusOf(one.user) === 'offline') here.join(one.user);
          else here.leave(one.user);
          view.touch(one.user);
        } else if (one.do === 'watch') watch();
        else if (one.do === 'tell') tell();
        else {
          const word = there.say(++version, isWholeDue);
          isWholeDue = false;
          if (one.fate === 'comes late') late.push(word);
          else if (one.fate !== 'is lost') take(word);
          if (one.fate === 'comes twice') take(word);
        }
      }
      for (const word of late) take(word);
      take(there.say(++version, true));
      watch();
      tell();
      tell();
      const expected = new Map<string, PresenceStatus>();
      for (const { user, status } of there.present() ?? []) expected.set(user, status);
      for (const { user } of here.present() ?? []) expected.set(user, 'online');
      for (const { users, count } of watchers) {
        expect(count).toBe(expected.size);
        expect([...users].toSorted()).toEqual([...expected].toSorted());
      }
    }),
    { numRuns: 400 },
  );
});

test('who begins to watch between a change and its undoing is told of both', () => {
  const { here, view } = setUp();
  const [early, late] = [new Shown(), new Shown()];
  const watch = (shown: Shown) => {
    view.watchers.add({} as Connection);
    shown.take(view.fullFrame());
  };
  watch(early);
  here.join('ana');
  view.touch('ana');
  watch(late);
  here.leave('ana');
  view.touch('ana');
  const frame = view.takeFrame(LARGE_GATHER_MS);
  if (frame) for (const shown of [early, late]) shown.take(frame);
  expect([early.count, early.users.size, late.count, late.users.size]).toEqual([0, 0, 0, 0]);
});

test('too many to be named are counted, and named again when they are fewer', () => {
  const { there, here, view } = setUp();
  const shown = new Shown();
  view.watchers.add({} as Connection);
  shown.take(view.fullFrame());
  for (let i = 0; i <= MOST_NAMED; i++) there.join(`n${i}`);
  here.join('hone');
  expect(there.say(1, false)).toMatchObject({ after: null, count: MOST_NAMED + 1, present: null });
  view.take('north', { version: 1, after: null, count: MOST_NAMED + 1, present: null }, 0);
  shown.take(view.takeFrame(LARGE_GATHER_MS) ?? view.fullFrame());
  expect([shown.count, shown.users.size]).toEqual([MOST_NAMED + 2, 0]);
  for (let i = 5; i <= MOST_NAMED; i++) there.leave(`n${i}`);
  view.take('north', there.say(2, false), 0);
  expect(view.takeFrame(LARGE_GATHER_MS + 999)).toBeNull();
  shown.take(view.takeFrame(2 * LARGE_GATHER_MS) ?? view.fullFrame());
  expect([shown.count, shown.users.size]).toEqual([6, 6]);
});

test('too many here to be named are counted with the others, and named again when they are fewer', () => {
  const { there, here, view } = setUp();
  const shown = new Shown();
  let now = 0;
  const tell = () => {
    now += LARGE_GATHER_MS;
    const frame = view.takeFrame(now);
    if (frame) shown.take(frame);
    return frame;
  };
  const come = (user: string) => {
    here.join(user);
    view.touch(user);
  };
  const go = (user: string) => {
    here.leave(user);
    view.touch(user);
  };
  there.join('ana');
  view.take('north', there.say(1, true), 0);
  view.watchers.add({} as Connection);
  shown.take(view.fullFrame());
  for (let i = 1; i < MOST_NAMED; i++) come(`n${i}`);
  tell();
  expect([shown.count, shown.users.size]).toEqual([MOST_NAMED, MOST_NAMED]);
  come('ben');
  expect(tell()).toMatchObject({ count: MOST_NAMED + 1, users: [] });
  come('cyd');
  come('dov');
  expect(tell()).toMatchObject({ count: MOST_NAMED + 3, users: [] });
  for (let i = 1; i < MOST_NAMED; i++) go(`n${i}`);
  expect(tell()).toMatchObject({ count: 4, full: true });
  go('dov');
  expect(tell()).toMatchObject({ count: 3, users: [{ user_id: 'dov', status: 'offline' }] });
});

test('a change is told without a look at everybody, here and on another node', () => {
  let looks = 0;
  const here = new LocalCrowd(() => {
    looks++;
    return 'online';
  });
  const view = new ChannelView('hall', here);
  for (let i = 0; i < 100; i++) here.join(`h${i}`);
  const present = Array.from({ length: 90 }, (_, i) => ({ user: `n${i}`, status: 'online' as const }));
  view.take('north', { version: 1, after: null, count: 90, present }, 0);
  view.watchers.add({} as Connection);
  expect(view.fullFrame().count).toBe(190);
  looks = 0;
  here.leave('h1');
  view.touch('h1');
  const word = { version: 2, after: 1, count: 90, present: [{ user: 'n1', status: 'busy' as const }] };
  expect(view.take('north', word, 0)).toBe('taken');
  expect(view.takeFrame(LARGE_GATHER_MS)).toMatchObject({
    count: 189,
    users: [
      { user_id: 'h1', status: 'offline' },
      { user_id: 'n1', status: 'busy' },
    ],
  });
  expect(looks).toBe(0);
});

test('a part that is said again as it was is no change', () => {
  const { there, view } = setUp();
  there.join('ana');
  view.take('north', there.say(1, true), 0);
  view.watchers.add({} as Connection);
  view.fullFrame();
  expect(view.take('north', there.say(2, true), 0)).toBe('taken');
  expect(view.hasChanges).toBe(false);
});

test('a part that is not said again ends', () => {
  const { there, view } = setUp();
  there.join('ana');
  view.take('north', there.say(1, true), 0);
  view.expire(PART_LEASE_MS - 1);
  expect(view.fullFrame().count).toBe(1);
  view.expire(PART_LEASE_MS);
  expect(view.fullFrame().count).toBe(0);
});
