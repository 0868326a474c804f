import { expect, test } from 'bun:test';
import { StoreUnavailableError } from '@konferenco/core';
import type { LogName } from '@konferenco/protocol';
import { settled, VirtualClock } from '@konferenco/testkit';
import type { Connection } from './connection.ts';
import { StandingCheck } from './standing-check.ts';

function connection(user: string, session: string, logs: LogName[] = []): Connection {
  return { user, identity: { user, session }, logs, phase: 'ready' } as unknown as Connection;
}

function world(connections: Connection[]) {
  const clock = new VirtualClock();
  const did: string[] = [];
  const state = { ended: new Set<string>(), banned: new Set<string>(), readable: true, away: 0 };
  const check = new StandingCheck({
    clock,
    connections: () => connections,
    async isEnded(session) {
      if (state.away-- > 0) throw new StoreUnavailableError('gone');
      return state.ended.has(session);
    },
    isShutOut: async (user) => state.banned.has(user),
    mayRead: async () => state.readable,
    end: ({ user }, why) => did.push(`${user} ${why}`),
    unhear: ({ user }, log) => did.push(`${user} off ${log}`),
    onFault: (error) => did.push(String(error)),
  });
  const pass = async (ms: number) => {
    await settled();
    await clock.advance(ms);
    await settled();
  };
  return { check, state, did, pass };
}

test('who was signed out, banned or removed while the bus was away is found', async () => {
  const people = [
    connection('ann', 's1'),
    connection('ben', 's2'),
    connection('cy', '', ['ch:x']),
    connection('di', 's4'),
  ];
  const { check, state, did, pass } = world(people);
  state.ended.add('s1');
  state.banned.add('ben');
  state.readable = false;
  check.begin();
  await pass(100);
  expect(did).toEqual(['ann token_revoked', 'ben banned', 'cy off ch:x']);
});

test('a store that cannot answer is asked again until it can', async () => {
  const { check, state, did, pass } = world([connection('ann', 's1')]);
  state.ended.add('s1');
  state.away = 3;
  check.begin();
  await pass(2_500);
  expect(did).toEqual([]);
  await pass(1_500);
  expect(did).toEqual(['ann token_revoked']);
});

test('a large node is looked through a batch at a time, to its end', async () => {
  const people = Array.from({ length: 230 }, (_, n) => connection(`u${n}`, `s${n}`));
  const { check, state, did, pass } = world(people);
  for (const { identity } of people) state.ended.add(identity.session);
  check.begin();
  await pass(0);
  expect(did.length).toBe(50);
  for (let turn = 0; turn < 10; turn++) await pass(50);
  expect(did.length).toBe(230);
});

test('nothing is done after it was closed', async () => {
  const { check, state, did, pass } = world(Array.from({ length: 120 }, (_, n) => connection(`u${n}`, 's')));
  state.ended.add('s');
  check.begin();
  await pass(0);
  const before = did.length;
  check.close();
  await pass(1_000);
  expect(did.length).toBe(before);
});
