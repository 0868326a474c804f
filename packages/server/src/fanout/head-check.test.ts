import { beforeEach, expect, test } from 'bun:test';
import type { Changed, Clock } from '@konferenco/core';
import type { LogName } from '@konferenco/protocol';
import { Connection } from '../gateway/connection.ts';
import { HeadCheck } from './head-check.ts';
import { LiveLog } from './live-log.ts';

const logs = new Map<LogName, LiveLog>();
const users = new Map<string, Connection[]>();
const heads = new Map<LogName, number>();
let asked: (readonly LogName[])[] = [];
let repaired: string[] = [];
let timers: (() => void)[] = [];
let failing = false;
/** What the store says of changes; `null`: it cannot say any. */
let changed: ((after: string | null, most: number) => Changed) | null = null;
let copies: (() => void) | null = null;
/** Entries that one repair brings. */
let page = 100;

const clock: Clock = {
  now: () => 0,
  after: (_, fn) => {
    timers.push(fn);
    return () => {
      timers = timers.filter((timer) => timer !== fn);
    };
  },
  soon: (fn) => fn(),
};

function follow(log: LogName, position: number): void {
  const live = new LiveLog(log, { burst: 1, per_s: 1 }, 0);
  live.sequencer.start(position);
  logs.set(log, live);
}

function connect(user: string, told: number | null): Connection {
  const identity = { user, device: 'd', session: '', expires_at: null };
  const connection = new Connection({ socket: {} as never, identity, encoding: 'frames', slot: 0, now: 0 });
  connection.inboxHead = told;
  users.set(user, [...(users.get(user) ?? []), connection]);
  return connection;
}

function start(): HeadCheck {
  return new HeadCheck({
    clock,
    hub: {
      logs,
      get users() {
        return users.size;
      },
      userNames: () => users.keys(),
      connectionsOf: (user) => users.get(user) ?? [],
    },
    store: {
      states: async (names) => {
        if (failing) throw new Error('unreadable');
        asked.push(names);
        return names.map((name) => ({ first: 1, head: heads.get(name) ?? 0 }));
      },
    },
    changes: changed
      ? {
          changedSince: async (after, most) => {
            if (failing) throw new Error('unreadable');
            return changed?.(after, most) ?? { position: after, heads: [] };
          },
        }
      : undefined,
    bus: { caughtUp: async () => copies?.() },
    fanOut: {
      async repair(live) {
        repaired.push(live.name);
        live.sequencer.skipTo((live.sequencer.position ?? 0) + page + 1);
      },
      async repairInbox(user, after) {
        repaired.push(`${user} after ${after}`);
        for (const connection of users.get(user) ?? []) connection.tellInbox(after + page);
      },
    },
  });
}

/** Lets the timers that wait now fire. */
async function pass(): Promise<void> {
  for (const fire of timers.splice(0)) fire();
  await new Promise((resolve) => setImmediate(resolve));
}

beforeEach(() => {
  for (const map of [logs, users, heads]) map.clear();
  asked = [];
  repaired = [];
  timers = [];
  failing = false;
  changed = null;
  copies = null;
  page = 100;
});

test('what is behind the store after a moment of grace is read from it, and nothing else', async () => {
  follow('ch:behind', 3);
  follow('ch:level', 4);
  follow('ch:late', 5);
  connect('mere', 7);
  connect('mere', 6);
  connect('rangi', 2);
  connect('aroha', null);
  for (const [log, head] of Object.entries({
    'ch:behind': 4,
    'ch:level': 4,
    'ch:late': 6,
    'in:mere': 7,
    'in:rangi': 2,
    'in:aroha': 9,
  })) {
    heads.set(log, head);
  }
  const check = start();
  await pass();
  expect(repaired).toEqual([]);
  logs.get('ch:late')?.sequencer.push({ offset: 6, at: 0, envelope: '{}', rank: 2 });
  await pass();
  expect(repaired).toEqual(['ch:behind', 'mere after 6']);
  check.close();
});

test('a turn asks for some, the next turn for the others, and all were asked for after five', async () => {
  for (let i = 0; i < 700; i++) follow(`ch:${i}`, 0);
  for (let i = 0; i < 6_000; i++) connect(`u${i}`, 0);
  const check = start();
  for (let turn = 0; turn < 5; turn++) await pass();
  expect(asked.map((names) => names.length)).toEqual([1_340, 1_340, 1_340, 1_340, 1_340]);
  expect(new Set(asked.flat()).size).toBe(6_700);
  await pass();
  expect(asked.at(-1)).toContain('ch:0');
  check.close();
});

test('a store that cannot be read is asked again, and a closed check asks nothing', async () => {
  follow('ch:hall', 0);
  heads.set('ch:hall', 1);
  failing = true;
  const check = start();
  await pass();
  failing = false;
  await pass();
  await pass();
  expect(repaired).toEqual(['ch:hall']);
  check.close();
  expect(timers).toEqual([]);
});

test('of a store that says what changed only that is compared, from where the last turn ended', async () => {
  follow('ch:hall', 1);
  follow('ch:quiet', 1);
  connect('mere', 2);
  const afters: (string | null)[] = [];
  const answers: Changed[] = [
    { position: '10', heads: null },
    {
      position: '20',
      heads: [
        { name: 'ch:hall', head: 2 },
        { name: 'in:mere', head: 3 },
        { name: 'ch:elsewhere', head: 9 },
      ],
    },
    { position: '30', heads: [] },
  ];
  changed = (after) => {
    afters.push(after);
    return answers[afters.length - 1] ?? { position: after, heads: [] };
  };
  const check = start();
  await pass();
  expect(asked).toEqual([['ch:hall', 'ch:quiet', 'in:mere']]);
  await pass();
  await pass();
  expect(repaired).toEqual(['ch:hall', 'mere after 2']);
  await pass();
  await pass();
  await pass();
  expect(afters).toEqual([null, '10', '20', '30']);
  expect(asked).toHaveLength(1);
  check.close();
});

test('when more changed than a fifth of what is heard here, everything is looked at before it is asked again', async () => {
  for (let i = 0; i < 6_000; i++) follow(`ch:${i}`, 0);
  const asks: [string | null, number][] = [];
  changed = (after, most) => {
    asks.push([after, most]);
    return { position: String(asks.length), heads: null };
  };
  const check = start();
  for (let turn = 0; turn < 10; turn++) await pass();
  expect(asks).toEqual([
    [null, 1_200],
    ['1', 1_200],
  ]);
  expect(asked).toHaveLength(10);
  check.close();
});

test('copies that the bus still has for this node are waited for', async () => {
  follow('ch:hall', 1);
  heads.set('ch:hall', 2);
  copies = () => void logs.get('ch:hall')?.sequencer.push({ offset: 2, at: 0, envelope: '{}', rank: 2 });
  const check = start();
  await pass();
  await pass();
  expect(repaired).toEqual([]);
  check.close();
});

test('a log whose place is not known yet is compared once it is', async () => {
  const opened = new LiveLog('ch:new', { burst: 1, per_s: 1 }, 0);
  logs.set('ch:new', opened);
  const mere = connect('mere', null);
  const answers: Changed[] = [
    { position: '1', heads: null },
    {
      position: '2',
      heads: [
        { name: 'ch:new', head: 4 },
        { name: 'in:mere', head: 7 },
      ],
    },
  ];
  changed = (after) => answers.shift() ?? { position: after, heads: [] };
  const check = start();
  await pass();
  await pass();
  await pass();
  opened.sequencer.start(3);
  mere.inboxHead = 6;
  await pass();
  await pass();
  expect(repaired).toEqual(['ch:new', 'mere after 6']);
  check.close();
});

test('what is more than a page behind is read on until it is level', async () => {
  follow('ch:hall', 0);
  connect('mere', 4);
  page = 2;
  const answers: Changed[] = [
    { position: '1', heads: null },
    {
      position: '2',
      heads: [
        { name: 'ch:hall', head: 5 },
        { name: 'in:mere', head: 7 },
      ],
    },
  ];
  changed = (after) => answers.shift() ?? { position: after, heads: [] };
  const check = start();
  for (let turn = 0; turn < 14; turn++) await pass();
  expect(repaired).toEqual(['ch:hall', 'mere after 4', 'ch:hall', 'mere after 6', 'ch:hall']);
  check.close();
});

test('what is opened while the store says where it stands is part of the look', async () => {
  changed = (after) => {
    if (after === null) follow('ch:new', 3);
    return { position: after ?? '1', heads: after === null ? null : [] };
  };
  heads.set('ch:new', 4);
  const check = start();
  for (let turn = 0; turn < 4; turn++) await pass();
  expect(repaired).toEqual(['ch:new']);
  check.close();
});

test('of very much that is behind only some is read in a turn', async () => {
  for (let i = 0; i < 500; i++) {
    follow(`ch:${i}`, 0);
    heads.set(`ch:${i}`, 1);
  }
  const check = start();
  await pass();
  await pass();
  expect(new Set(repaired).size).toBe(200);
  await pass();
  await pass();
  await pass();
  await pass();
  expect(new Set(repaired).size).toBe(500);
  check.close();
});
