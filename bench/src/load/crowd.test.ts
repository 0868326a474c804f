import { expect, test } from 'bun:test';
import { Crowd } from './crowd.ts';

test('everybody is in as many channels as asked, and every channel has as many members', () => {
  const plan = { people: 1000, subscriptions: 5, members: 10 };
  const halves = [new Crowd({ ...plan, from: 0 }), new Crowd({ ...plan, from: 500 })];
  const members = new Map<string, number>();
  for (const half of halves) {
    for (let index = 0; index < 500; index++) {
      const channels = half.channelsOf(index);
      expect(new Set(channels).size).toBe(5);
      for (const channel of channels) members.set(channel, (members.get(channel) ?? 0) + 1);
    }
  }
  expect(members.size).toBe(500);
  expect(new Set(members.values())).toEqual(new Set([10]));
});

test('a crowd that does not fill its channels is refused', () => {
  expect(() => new Crowd({ people: 15, from: 0, subscriptions: 1, members: 10 })).toThrow(RangeError);
});
