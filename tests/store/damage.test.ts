import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Store } from '../../packages/core/src/ports/store.ts';
import { openEmbeddedStore } from '../../packages/server/src/adapters/embedded/store.ts';
import { openWatched, parseOutput, startWriter, temporaryDirectory } from './support.ts';

const FRAME_BYTES = 4_096 + 24;
const WAL_HEADER_BYTES = 32;
const PAGE = { limit: 1_000, max_bytes: 10_000_000 } as const;

let dir: string;
beforeEach(async () => {
  dir = await temporaryDirectory();
});
afterEach(() => rm(dir, { recursive: true }));

/** A store killed with everything still in its WAL. */
async function killedStore(commits: number): Promise<{ epoch: string; wal: string; written: number }> {
  const writer = startWriter(dir, { writers: 1 });
  const decoder = new TextDecoder();
  let output = '';
  for await (const chunk of writer.stdout) {
    output += decoder.decode(chunk, { stream: true });
    if (output.split('\n').length > commits + 1) writer.kill('SIGKILL');
  }
  const { epoch = '', acknowledged } = parseOutput(output);
  return { epoch, wal: join(dir, 'log.db-wal'), written: acknowledged.length };
}

async function flip(file: string, at: number): Promise<void> {
  const bytes = await readFile(file);
  bytes[at] = (bytes[at] ?? 0) ^ 0x10;
  await writeFile(file, bytes);
}

/** Flips a bit in every copy of `text`: SQLite leaves old copies behind in the free space of its pages. */
async function flipText(file: string, text: string): Promise<void> {
  const bytes = await readFile(file);
  let copies = 0;
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) {
    bytes[at + 4] = (bytes[at + 4] ?? 0) ^ 0x10;
    copies++;
  }
  expect(copies).toBeGreaterThan(0);
  await writeFile(file, bytes);
}

async function fill(store: Store, count: number, body: (n: number) => string): Promise<void> {
  await store.commit(
    Array.from({ length: count }, (_, n) => ({
      appends: [
        { log: 'ch:a', id: Bun.randomUUIDv7(), sender: 'ann', envelope: body(n), expires_at: Date.now() + 86_400_000 },
      ],
    })),
  );
}

describe('a damaged write-ahead log', () => {
  // proves ST-8
  test('a flipped bit in the middle is reported, kept aside, renews the epoch, and costs no later commit', async () => {
    const { epoch, wal, written } = await killedStore(40);
    const size = (await readFile(wal)).length;
    const frames = Math.floor((size - WAL_HEADER_BYTES) / FRAME_BYTES);
    await flip(wal, WAL_HEADER_BYTES + Math.floor(frames / 2) * FRAME_BYTES + 2_000);
    const { store, damage } = await openWatched(dir);
    expect(damage[0]).toContain('write-ahead log is damaged at frame');
    expect(store.health().damage).toEqual(damage);
    expect((await store.states(['ch:0']))[0]?.head).toBeGreaterThanOrEqual(written);
    expect(store.epoch).not.toBe(epoch);
    const kept = await readdir(join(dir, 'quarantine'));
    expect((await readFile(join(dir, 'quarantine', kept[0] ?? ''))).length).toBe(size);
    await store.close();

    const again = await openWatched(dir);
    expect(again.damage.filter((text) => text.includes('write-ahead log'))).toEqual([]);
    expect(again.store.epoch).toBe(store.epoch);
    await again.store.close();
  });

  test('a flipped bit in its header, after which SQLite ignores all of it, is reported', async () => {
    const { epoch, wal } = await killedStore(5);
    await flip(wal, 17);
    const { store, damage } = await openWatched(dir);
    expect(damage[0]).toContain('header of the write-ahead log is damaged');
    expect(store.epoch).not.toBe(epoch);
    await store.close();
  });

  test('a damaged last commit may have been acknowledged, so it is reported', async () => {
    const { epoch, wal } = await killedStore(10);
    const frames = committedFrames(await readFile(wal));
    await flip(wal, WAL_HEADER_BYTES + frames * FRAME_BYTES - 100);
    const { store, damage } = await openWatched(dir);
    expect(damage.length).toBe(1);
    expect(store.epoch).not.toBe(epoch);
    await store.close();
  });

  test('a torn tail without a commit is the normal trace of a crash', async () => {
    const { epoch, wal, written } = await killedStore(10);
    const bytes = await readFile(wal);
    const end = WAL_HEADER_BYTES + committedFrames(bytes) * FRAME_BYTES;
    const torn = Buffer.concat([bytes.subarray(0, end), bytes.subarray(WAL_HEADER_BYTES, WAL_HEADER_BYTES + 1_000)]);
    torn.writeUInt32BE(0, end + 4);
    await writeFile(wal, torn);
    const { store, damage } = await openWatched(dir);
    expect([damage, store.epoch]).toEqual([[], epoch]);
    const states = await store.states(['ch:0']);
    expect(states[0]?.head).toBeGreaterThanOrEqual(written);
    await store.close();
  });
});

/** Frames up to the last one with a commit mark and the salts of the header. */
function committedFrames(wal: Buffer): number {
  let last = 0;
  for (let n = 1; WAL_HEADER_BYTES + n * FRAME_BYTES <= wal.length; n++) {
    const at = WAL_HEADER_BYTES + (n - 1) * FRAME_BYTES;
    const current = wal.subarray(at + 8, at + 16).equals(wal.subarray(16, 24));
    if (current && wal.readUInt32BE(at + 4) !== 0) last = n;
  }
  return last;
}

describe('a damaged database', () => {
  // proves ST-7
  test('a flipped bit in a body reads as damaged, never as another text', async () => {
    const first = await openWatched(dir);
    await fill(first.store, 50, (n) => `{"text":"entry number ${n}"}`);
    await first.store.close();
    expect(existsSync(join(dir, 'log.db-wal'))).toBe(false);
    await flipText(join(dir, 'log.db'), 'entry number 31');

    const { store, damage } = await openWatched(dir);
    const { entries, gap } = await store.read('ch:a', { after: 0, ...PAGE });
    expect([entries.length, gap]).toEqual([50, undefined]);
    expect(entries.filter((entry) => entry.gone)).toEqual([
      {
        offset: 32,
        at: entries[31]?.at ?? 0,
        id: entries[31]?.id ?? '',
        sender: 'ann',
        envelope: null,
        gone: 'damaged',
      },
    ]);
    expect(damage).toEqual(['entry 32 of ch:a is damaged']);
    expect(store.health().damage).toEqual(damage);
    await store.close();
  });

  test('the inspection in the background finds what nobody has read', async () => {
    const first = await openWatched(dir);
    await fill(first.store, 50, (n) => `{"text":"entry number ${n}"}`);
    await first.store.close();
    await flipText(join(dir, 'log.db'), 'entry number 7"');
    const found = Promise.withResolvers<string>();
    const store = await openEmbeddedStore({ dir, inspectAfterMs: 0, onDamage: found.resolve });
    expect(await found.promise).toBe('entry 8 of ch:a is damaged');
    await store.close();
  });

  test('an overwritten page is a typed failure or marked damage, and never a wrong answer', async () => {
    const first = await openWatched(dir);
    await fill(first.store, 400, (n) => `{"text":"${n} ${'x'.repeat(300)}"}`);
    const { entries: before } = await first.store.read('ch:a', { after: 0, ...PAGE });
    await first.store.close();
    const file = join(dir, 'log.db');
    const sound = await readFile(file);
    for (let page = 1; page * 4_096 < sound.length; page += 3) {
      const bytes = Buffer.from(sound);
      bytes.fill(0xa5, page * 4_096, page * 4_096 + 512);
      await writeFile(file, bytes);
      await expectNothingWrong(before);
    }
  }, 120_000);

  test('a file cut short or not a database at all does not open', async () => {
    const first = await openWatched(dir);
    await fill(first.store, 5, (n) => `{"n":${n}}`);
    await first.store.close();
    await writeFile(join(dir, 'log.db'), Buffer.alloc(8_192, 0x42));
    await expect(openWatched(dir)).rejects.toMatchObject({ name: 'StoreUnavailableError' });
    await truncate(join(dir, 'log.db'), 100);
    await expect(openWatched(dir)).rejects.toMatchObject({ name: 'StoreUnavailableError' });
  });
});

/** Opens and reads; whatever is served must be what was committed, and whatever is missing must have been reported. */
async function expectNothingWrong(before: readonly { offset: number; envelope: string | null }[]): Promise<void> {
  const damage: string[] = [];
  let store: Store | null = null;
  try {
    const opened = await openWatched(dir);
    store = opened.store;
    const { entries, gap, head } = await store.read('ch:a', { after: 0, ...PAGE });
    damage.push(...opened.damage);
    const intact = entries.filter((entry) => entry.gone !== 'damaged');
    for (const entry of intact) expect(entry.envelope).toBe(before[entry.offset - 1]?.envelope ?? null);
    if (intact.length < before.length) expect([damage.length > 0, head > 0 || gap !== undefined]).toEqual([true, true]);
  } catch (error) {
    expect(error).toMatchObject({ name: 'StoreUnavailableError' });
  } finally {
    await store?.close();
  }
}
