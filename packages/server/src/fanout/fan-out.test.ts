import { beforeEach, expect, test } from 'bun:test';
import type { BusRecord, Clock, StoredEntry } from '@konferenco/core';
import type { Metrics } from '../observability/metrics.ts';
import { FanOut } from './fan-out.ts';
import { Hub } from './hub.ts';
import { LiveLog } from './live-log.ts';

const LOG = 'ch:hall';
/** Nobody looks at them here. */
const COUNTER = { inc: () => {} };
const METRICS = { step: () => {}, deliveries: COUNTER, drops: COUNTER, holes: COUNTER } as unknown as Metrics;
const DIGEST = { burst: 1_000, per_s: 1_000 };

let timers: (() => void)[] = [];
const clock: Clock = {
  now: () => 1,
  after: (_, fn) => {
    timers.push(fn);
    return () => {};
  },
  soon: (fn) => fn(),
};

/** Lets the timers that wait now fire, and what they begin come to its end. */
async function pass(): Promise<void> {
  for (const fn of timers.splice(0)) fn();
  await new Promise(setImmediate);
}

let receive: (record: BusRecord) => void = () => {};
let written: string[] = [];
let reads = 0;
let stored: StoredEntry[] = [];

function copy(offset: number): void {
  const envelope = JSON.stringify({ n: offset });
  receive({ kind: 'entry', log: LOG, entry: { offset, at: 1, envelope, rank: 2 }, pointers: [] });
}

beforeEach(() => {
  timers = [];
  written = [];
  reads = 0;
  stored = [];
  const subscribe = (fn: typeof receive) => {
    receive = fn;
    return () => {};
  };
  const bus = { follow: () => {}, unfollow: () => {}, subscribe };
  const hub = new Hub({ digest: DIGEST, now: () => 1, bus });
  const live = new LiveLog(LOG, DIGEST, 1);
  live.sequencer.start(0);
  live.frames = 1;
  (hub.logs as Map<string, LiveLog>).set(LOG, live);
  const read = async () => {
    reads++;
    return { first: 1, head: stored.length, entries: stored, has_more: false };
  };
  new FanOut({
    ...{ hub, clock, digest: DIGEST, sendBuffer: 1_000_000, onOffline: () => {}, metrics: METRICS },
    bus: bus as never,
    store: { read } as never,
    publisher: { publish: (_: string, text: string) => written.push(text) },
  });
});

const offsets = () => [...written.join('').matchAll(/"n":(\d+)/g)].map(([, n]) => Number(n));

test('copies that passed each other are told in order, and cost no read of the log', async () => {
  copy(2);
  copy(1);
  for (let i = 0; i < 3; i++) await pass();
  expect(offsets()).toEqual([1, 2]);
  expect(reads).toBe(0);
});

test('a copy that does not come is read from the log, once a node that is late itself has looked into its sockets', async () => {
  stored = [1, 2].map((offset) => ({ offset, at: 1, id: `${offset}`, sender: 'ann', envelope: `{"n":${offset}}` }));
  copy(2);
  await pass();
  expect(reads).toBe(0);
  for (let i = 0; i < 3; i++) await pass();
  expect(offsets()).toEqual([1, 2]);
  expect(reads).toBe(1);
});
