import { describe, expect, test } from 'bun:test';
import type { BusRecord } from '@konferenco/core';
import { createLocalBus } from '../adapters/embedded/bus.ts';
import { BridgedBus, type InterestChange } from './bridged-bus.ts';

const typing: BusRecord = { kind: 'transient', log: 'ch:hall', envelope: '{}', key: 'k' };
const entry: BusRecord = {
  kind: 'entry',
  log: 'ch:hall',
  entry: { offset: 1, at: 1, envelope: '{}', rank: 2 },
  pointers: [],
};
const banned: BusRecord = { kind: 'revoked', user: 'u', reason: 'banned' };
const drain: BusRecord = { kind: 'drain', node: 'n', reason: null };

function side(publishesEntries = true) {
  const bus = new BridgedBus(createLocalBus(), publishesEntries);
  const heard: BusRecord[] = [];
  const passed: BusRecord[] = [];
  const told: InterestChange[] = [];
  bus.subscribe((record) => heard.push(record));
  const join = () =>
    bus.join({
      pass: (record) => passed.push(record),
      tell: async (change) => void told.push(change),
    });
  return { bus, heard, passed, told, join };
}

// proves UP-9
describe('the bus of one side', () => {
  test('passes on what the other side follows, and what concerns everybody', () => {
    const { bus, passed, join } = side();
    join();
    bus.publish(typing);
    bus.publish(banned);
    expect(passed).toEqual([banned]);
    bus.heed({ whole: false, follow: ['ch:hall'], unfollow: [] });
    bus.publish(typing);
    expect(passed).toEqual([banned, typing]);
    bus.heed({ whole: true, follow: [], unfollow: [] });
    bus.publish(typing);
    expect(passed).toEqual([banned, typing]);
  });

  test('never passes on entries, nodes and drains, and takes none from the other side', () => {
    const { bus, heard, passed, join } = side();
    join();
    bus.heed({ whole: true, follow: ['ch:hall'], unfollow: [] });
    bus.publish(entry);
    bus.publish(drain);
    expect(passed).toEqual([]);
    bus.receive(entry);
    bus.receive(drain);
    bus.receive(banned);
    expect(heard).toEqual([entry, drain, banned]);
    expect(passed).toEqual([]);
  });

  test('leaves entries to the replica where there is one', () => {
    const { bus, heard } = side(false);
    bus.publish(entry);
    bus.publish(typing);
    expect(heard).toEqual([typing]);
  });

  test('tells a new connection all that is followed here, and then what changes', async () => {
    const { bus, told, join } = side();
    void bus.follow('ch:hall');
    void bus.follow('in:ann');
    bus.unfollow('in:ann');
    join();
    expect(told).toEqual([{ whole: true, follow: ['ch:hall'], unfollow: [] }]);
    await Promise.all([bus.follow('presence:ann'), bus.follow('crowd:hall')]);
    bus.unfollow('ch:hall');
    await Promise.resolve();
    await Promise.resolve();
    expect(told.slice(1)).toEqual([
      { whole: false, follow: ['presence:ann', 'crowd:hall'], unfollow: [] },
      { whole: false, follow: [], unfollow: ['ch:hall'] },
    ]);
  });
});
