import { expect, test } from 'bun:test';
import { applyOperation } from '@konferenco/core/sync/documents';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { saidBy, sessionAt } from '../testing/said-by.ts';
import { reducerOf } from './reduce.ts';
import { type Arrival, ScopeReplica } from './scope-replica.ts';

// proves CF-1
test('an own operation whose effect came with a snapshot is handed on as stored, once', () => {
  const clock = new VirtualClock();
  const arrivals: Arrival[] = [];
  const scope = new ScopeReplica({
    ...{ namespace: 'schedule', id: 'conf', reduce: reducerOf('schedule', 'mere') },
    rows: { put: () => {}, putLate: () => {} },
    arrived: (arrival) => arrivals.push(arrival),
  });
  const mine = saidBy('mere', clock).schedule('conf', 'session_change', sessionAt('a', 1, clock));
  scope.connected('epoch-1');
  scope.pend({ envelope: mine, offered: true, stored: false });
  scope.stored(mine.id);
  const documents = [{ key: 'session/a', state: applyOperation('session/a', null, mine) }];
  scope.answer({ snapshot: { documents }, new_version: 'epoch-1:7', has_more: false });
  const seen = scope.storedIds();
  for (let times = 0; times < 2; times++) scope.synced(clock.now(), seen);
  expect(arrivals.flatMap(({ stored }) => stored)).toEqual([mine]);
  expect(scope.pending).toEqual([]);
});
