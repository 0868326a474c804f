import { beforeEach, expect, test } from 'bun:test';
import type { Clock } from '@konferenco/core';
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
    hub: { logs, userNames: () => users.keys(), connectionsOf: (user) => users.get(user) ?? [] },
    store: {
      states: async (names) => {
        if (failing) throw new Error('unreadable');
        asked.push(names);
        return names.map((name) => ({ first: 1, head: heads.get(name) ?? 0 }));
      },
    },
    fanOut: {
      repair: async (live) => void repaired.push(live.name),
      repairInbox: async (user, after) => void repaired.push(`${user} after ${after}`),
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
  expect(asked.map((names) => names.length)).toEqual([1_700, 1_400, 1_700, 1_400, 1_700]);
  expect(new Set(asked.flat()).size).toBe(6_700);
  await pass();
  expect(asked.at(-1)).toContain('in:u0');
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
