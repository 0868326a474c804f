import { afterEach, expect } from 'bun:test';
import { join } from 'node:path';
import { StoreUnavailableError } from '@konferenco/core';
import { mountSmallDisk, type SmallDisk } from '@konferenco/testkit/faults';
import type { UpkeepRequests } from '../../packages/server/src/adapters/embedded/messages.ts';
import { LOG_FILE, openForWriting } from '../../packages/server/src/adapters/embedded/schema.ts';
import { openEmbeddedStore } from '../../packages/server/src/adapters/embedded/store.ts';
import { WorkerPort } from '../../packages/server/src/adapters/embedded/worker-port.ts';
import { testWithSmallDisk } from '../system/support/small-disk.ts';

const MEGABYTES = 16;
const UPKEEP = new URL('../../packages/server/src/adapters/embedded/upkeep-worker.ts', import.meta.url);

const disks: SmallDisk[] = [];
afterEach(async () => {
  for (const disk of disks.splice(0)) await disk.remove();
});

testWithSmallDisk(
  'a full disk refuses commits without loss, is no damage, and all goes on once there is room',
  async () => {
    const disk = await smallDisk();
    const store = await openEmbeddedStore({ dir: disk.dir });
    const say = async (text: string) => (await store.commit([{ appends: [append(text)] }]))[0];
    const find = (words: string) => store.search({ words, logs: ['ch:a'], limit: 10 });
    expect(await say('before')).toMatchObject({ kind: 'committed', positions: [{ log: 'ch:a', offset: 1 }] });
    expect((await find('before')).hits.length).toBe(1);
    const more = 'word '.repeat(100_000);
    for (let i = 0; i < 4; i++) await say(more);
    const makeRoom = await disk.fill();
    const bulk = 'x'.repeat(2_000_000);
    expect(await say(bulk).catch((error: unknown) => error)).toBeInstanceOf(StoreUnavailableError);
    // The index has no room for what was said last, and keeps what it had.
    expect((await find('before')).hits.length).toBe(1);
    await makeRoom();
    expect(await say('after')).toMatchObject({ kind: 'committed', positions: [{ log: 'ch:a', offset: 6 }] });
    expect((await find('after')).hits.length).toBe(1);
    expect(store.health()).toMatchObject({ ok: true, damage: [] });
    await store.close();
  },
);

testWithSmallDisk('copying the write-ahead log waits for room, and reports nothing damaged', async () => {
  const disk = await smallDisk();
  const db = openForWriting(join(disk.dir, LOG_FILE));
  db.run('CREATE TABLE bulk (body TEXT)');
  db.run('INSERT INTO bulk VALUES (?)', ['x'.repeat(2_000_000)]);
  const news: string[] = [];
  const note = (text: string) => void news.push(text);
  const upkeep = new WorkerPort<UpkeepRequests>('upkeep', UPKEEP, { damage: note, broken: note });
  await upkeep.request('open', { dir: disk.dir });
  const makeRoom = await disk.fill();
  expect(await upkeep.request('checkpoint', null)).toBeNull();
  await makeRoom();
  expect(await upkeep.request('checkpoint', null)).toMatchObject({ left_bytes: 0 });
  expect(news).toEqual([]);
  await upkeep.end('close');
  db.close();
});

async function smallDisk(): Promise<SmallDisk> {
  const disk = await mountSmallDisk(MEGABYTES);
  if (typeof disk === 'string') throw new Error(disk);
  disks.push(disk);
  return disk;
}

function append(text: string) {
  return {
    log: 'ch:a',
    id: Bun.randomUUIDv7(),
    sender: 'ann',
    envelope: JSON.stringify({ text }),
    text,
    expires_at: Date.now() + 86_400_000,
  };
}
