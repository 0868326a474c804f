import { expect, test } from 'bun:test';
import { type Bus, type BusRecord, LEASE_MS } from '@konferenco/core';
import { CountedChannel } from './counted-channel.ts';
import { OFFER_MS } from './pace.ts';
import { Versions } from './versions.ts';

/** A channel somebody hears from time 0 on, and what is said of it: everything with a question, everything, or changes. */
function hear() {
  let now = 0;
  const said: string[] = [];
  const publish = (record: BusRecord) => {
    if (record.kind !== 'crowd') return;
    said.push(record.asks ? 'offer' : record.after === null ? 'whole' : 'change');
  };
  const bus = { lossy: true, publish } as unknown as Bus;
  const versions = new Versions(() => now);
  const deps = { node: 'north', bus, directory: null, versions, here: () => 'online' as const };
  const counted = new CountedChannel({ ...deps, onDirectoryFailure: () => {} }, 'hall', now);
  counted.offer(now);
  counted.crowd.join('mere');
  /** What is said up to `until`. */
  const saidBy = (until: number) => {
    for (; now < until; now += 250) counted.tick(now);
    return said.splice(0);
  };
  return { counted, saidBy };
}

test('a channel is offered twice, then told of when somebody wants it, and a change at once', () => {
  const { counted, saidBy } = hear();
  expect(saidBy(60_000)).toEqual(['offer', 'offer']);
  counted.want(true, 60_000);
  expect(saidBy(61_000)).toEqual(['whole']);
  counted.crowd.touch('mere');
  expect(counted.changed(61_000)).toBe(true);
  expect(saidBy(62_000)).toEqual(['change']);
});

test('a channel that was first heard shortly before words were lost is offered again, and one long heard is not', () => {
  const { counted, saidBy } = hear();
  saidBy(OFFER_MS + 1_000);
  counted.sayAgain(OFFER_MS + 1_000);
  expect(saidBy(LEASE_MS)).toEqual(['offer', 'offer']);
  counted.sayAgain(LEASE_MS);
  expect(saidBy(2 * LEASE_MS)).toEqual([]);
});
