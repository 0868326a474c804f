import { expect, test } from 'bun:test';
import { memoryStore } from '../storage/memory-store.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { EMPTY, type LogRow, merged } from './log-row.ts';
import { WriteBehind } from './write-behind.ts';

const row = (part: Partial<LogRow>): LogRow => ({ ...EMPTY, epoch: 'one', ...part });

test('two programs of one store do not undo what the other knows of a log', async () => {
  const store = memoryStore();
  const write = async (own: LogRow) => {
    const behind = new WriteBehind({
      store,
      isShared: true,
      environment: { after: new VirtualClock().after, exclusively: (_, fn) => fn() },
      makeRoom: () => Promise.resolve(false),
      failed: () => {},
    });
    behind.putMerged(
      'logs',
      'ch:hall',
      () => own,
      (value, stored) => merged(value, stored as LogRow),
    );
    await behind.written();
  };
  await write(row({ stretches: [[1, 60]], read: 60, followed: true }));
  await write(
    row({
      stretches: [
        [1, 20],
        [80, 90],
      ],
      read: 10,
      opened_at: 5,
    }),
  );
  expect(await store.get('logs', 'ch:hall')).toMatchObject({
    stretches: [
      [1, 60],
      [80, 90],
    ],
    read: 60,
    followed: true,
    opened_at: 5,
  });
});

test('what belongs to another epoch is not taken over', () => {
  const fresh = row({ epoch: 'two', stretches: [[1, 3]] });
  expect(merged(fresh, row({ stretches: [[1, 500]], read: 500 }))).toEqual(fresh);
});
