import { describe, expect, test } from 'bun:test';
import type { Command } from '@konferenco/core';
import { decodeBatch, type EncodedCall, encodeBatch } from './batch-codec.ts';
import { CommitQueue } from './commit-queue.ts';
import type { CommitReply } from './messages.ts';

const command = (id: string): Command => ({
  appends: [
    { log: 'ch:a', id, sender: 'ann', envelope: '{}', expires_at: 1, notify: [{ user: 'bob', reason: 'direct' }] },
  ],
});

/** A disk whose writes finish when told. */
class Disk {
  readonly batches: string[][] = [];
  readonly #finish: ((failure?: Error) => void)[] = [];
  #arrived = Promise.withResolvers<void>();
  #offset = 0;

  write = (encoded: readonly EncodedCall[]): Promise<CommitReply> => {
    const calls = decodeBatch(encodeBatch(encoded));
    this.batches.push(calls.flat().map((one) => one.appends?.[0]?.id ?? ''));
    this.#arrived.resolve();
    this.#arrived = Promise.withResolvers();
    const results = calls.map((commands) => commands.map(() => [++this.#offset, this.#offset + 100]));
    return new Promise((resolve, reject) =>
      this.#finish.push((failure) => (failure ? reject(failure) : resolve({ at: 7, seq: 1, wal_bytes: 0, results }))),
    );
  };

  nextBatch(): Promise<void> {
    return this.#arrived.promise;
  }

  finish(failure?: Error): void {
    this.#finish.shift()?.(failure);
  }
}

describe('group commit', () => {
  test('calls of one turn share a batch, and what comes meanwhile gathers in the next', async () => {
    const disk = new Disk();
    const queue = new CommitQueue(disk.write);
    let batch = disk.nextBatch();
    const first = [queue.submit([command('a')]), queue.submit([command('b')])];
    await batch;
    batch = disk.nextBatch();
    const later = [queue.submit([command('c')]), queue.submit([command('d')])];
    expect([disk.batches, queue.size]).toEqual([[['a', 'b']], 4]);
    disk.finish();
    expect(await Promise.all(first)).toEqual([
      [
        {
          kind: 'committed',
          at: 7,
          positions: [{ log: 'ch:a', offset: 1 }],
          pointers: [{ user: 'bob', inbox: 101, reason: 'direct' }],
        },
      ],
      [
        {
          kind: 'committed',
          at: 7,
          positions: [{ log: 'ch:a', offset: 2 }],
          pointers: [{ user: 'bob', inbox: 102, reason: 'direct' }],
        },
      ],
    ]);
    await batch;
    disk.finish();
    await Promise.all(later);
    expect([disk.batches, queue.size]).toEqual([
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
      0,
    ]);
  });

  test('a failed batch rejects what waits behind it too, which must not overtake it, and the queue goes on', async () => {
    const disk = new Disk();
    const queue = new CommitQueue(disk.write);
    let batch = disk.nextBatch();
    const failing = [queue.submit([command('a')])];
    await batch;
    failing.push(queue.submit([command('b')]));
    disk.finish(new Error('no space left'));
    const unavailable = { status: 'rejected', reason: { name: 'StoreUnavailableError' } };
    expect(await Promise.allSettled(failing)).toMatchObject([unavailable, unavailable]);
    expect(queue.size).toBe(0);
    batch = disk.nextBatch();
    const next = queue.submit([command('c')]);
    await batch;
    disk.finish();
    expect((await next)[0]?.kind).toBe('committed');
    await queue.drained();
  });

  test('no more waits than the bound, and room returns when the disk does', async () => {
    const disk = new Disk();
    const queue = new CommitQueue(disk.write);
    const full = Array.from({ length: 20_000 }, (_, i) => command(String(i)));
    const batch = disk.nextBatch();
    const accepted = queue.submit(full);
    await expect(queue.submit([command('one more')])).rejects.toMatchObject({ name: 'StoreUnavailableError' });
    await batch;
    disk.finish();
    expect((await accepted).length).toBe(20_000);
    expect(queue.size).toBe(0);
  });
});
