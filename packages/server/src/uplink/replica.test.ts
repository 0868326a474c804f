import { expect, test } from 'bun:test';
import {
  type BusRecord,
  type Outcome,
  type Replay,
  ReplicaDivergedError,
  type ReplicaStore,
  encodeBusMessage,
  encodeBusRecord,
} from '@konferenco/core';
import { createLocalBus } from '../adapters/embedded/bus.ts';
import { createMemoryStore } from '../adapters/memory/store.ts';
import { systemClock } from '../runtime/system.ts';
import { BridgedBus } from './bridged-bus.ts';
import type { Stream } from './frames.ts';
import { Replica } from './replica.ts';

const command = (n: number) =>
  JSON.stringify({
    appends: [
      {
        log: 'ch:a',
        id: `id-${n}`,
        sender: 's',
        envelope: '{"type":"chat","subtype":"channel_message"}',
        expires_at: 9e15,
      },
    ],
  });

const stream = (from: number, count: number, records: readonly BusRecord[] = []): Stream => ({
  ...{ t: 'stream', seq: 1, from, heads: [] },
  entries: Array.from({ length: count }, (_, n) => [1_000 + from + n, command(from + n)]),
  records: records.length === 0 ? '' : encodeBusMessage(records.map(encodeBusRecord)),
});

function world() {
  const replayed: Replay[] = [];
  const store: ReplicaStore = Object.assign(createMemoryStore({ now: () => 1 }), {
    async replay(replay: Replay) {
      const before = replayed.reduce((sum, { commands }) => sum + commands.length, 0);
      replayed.push(replay);
      return replay.commands.map(
        ({ at }, n): Extract<Outcome, { kind: 'committed' }> => ({
          ...{ kind: 'committed', at, pointers: [] },
          positions: [{ log: 'ch:a', offset: before + n + 1 }],
        }),
      );
    },
  });
  const inner = createLocalBus();
  const heard: BusRecord[] = [];
  inner.subscribe((record) => heard.push(record));
  const diverged: string[] = [];
  const replica = new Replica({
    ...{ store, inner, bus: new BridgedBus(inner, false), clock: systemClock, position: 0, onChanges() {} },
    onDiverged: (reason) => diverged.push(reason),
    onFault(error) {
      throw error;
    },
  });
  const take = (one: Stream) => new Promise<void>((resolve) => replica.take(one, 'epoch', resolve));
  return { replica, take, replayed, heard, diverged, store };
}

// proves UP-6
test('what a connection brings again is applied once, and the position goes with it', async () => {
  const { replica, take, replayed } = world();
  await take(stream(1, 3));
  await take(stream(2, 4));
  await take(stream(1, 5));
  expect(replayed.map(({ commands }) => commands.map(({ at }) => at))).toEqual([
    [1_001, 1_002, 1_003],
    [1_004, 1_005],
  ]);
  expect(replayed.map(({ changes }) => changes[0]?.value)).toMatchObject([{ offset: 3 }, { offset: 5 }]);
  expect(replica.position).toBe(5);
});

// proves UP-9
test('what was said on the bus comes after the entries it may depend on', async () => {
  const { take, heard } = world();
  const changed: BusRecord = { kind: 'changed', what: 'profile', id: 'u' };
  await take(stream(1, 2, [changed]));
  expect(heard.map(({ kind }) => kind)).toEqual(['entry', 'entry', 'changed']);
});

// proves UP-13
test('a jump in the journal, or a store that differs, stops the replica for good', async () => {
  const jump = world();
  jump.replica.take(stream(3, 1), 'epoch', () => expect.unreachable());
  await Bun.sleep(0);
  expect(jump.diverged).toHaveLength(1);

  const other = world();
  other.store.replay = async () => {
    throw new ReplicaDivergedError('ch:a stands elsewhere');
  };
  other.replica.take(stream(1, 1), 'epoch', () => expect.unreachable());
  await Bun.sleep(0);
  expect(other.diverged).toEqual(['ch:a stands elsewhere']);
  expect(other.replica.diverged).toBe('ch:a stands elsewhere');
  other.replica.take(stream(1, 1), 'epoch', () => expect.unreachable());
  expect(other.replica.position).toBe(0);
  await other.replica.close();
});
