import { expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLocalStore } from '@konferenco/client/storage';
import { bunSqliteBackend } from '@konferenco/client/sqlite-bun';

const WRITER = Bun.fileURLToPath(new URL('./writer-process.ts', import.meta.url));
const ROUNDS = 10;

/** Lets a process write, and kills it once `count` writes resolved. Returns the number of the last it told of. */
async function killAfter(folder: string, first: number, count: number): Promise<number> {
  const writer = Bun.spawn([process.execPath, WRITER, folder, String(first)], { stdout: 'pipe', stderr: 'inherit' });
  const decoder = new TextDecoder();
  let output = '';
  for await (const chunk of writer.stdout) {
    output += decoder.decode(chunk, { stream: true });
    if (output.split('\n').length > count) writer.kill('SIGKILL');
  }
  await writer.exited;
  expect(writer.signalCode).toBe('SIGKILL');
  return Number(output.split('\n').slice(0, -1).at(-1));
}

// proves LS-2
test('every write that resolved outlives SIGKILL, whole, ten times over on one store', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'konferenco-device-'));
  let told = -1;
  for (let round = 0; round < ROUNDS; round++) {
    told = await killAfter(folder, told + 1, 1 + Math.floor(Math.random() * 200));
    const { store, notice } = await openLocalStore({
      url: 'http://server.test',
      user: 'mere',
      backend: bunSqliteBackend(folder),
    });
    expect(notice).toBeNull();
    const keys = (await store.list('outbox', { prefix: '', limit: 100_000 })).map(({ key }) => Number(key));
    expect(keys).toEqual(Array.from({ length: keys.length }, (_, n) => n));
    expect(keys.length).toBeGreaterThan(told);
    // The last write may have reached the disk without being told of; then it did so with both of its rows.
    expect(await store.get('meta', 'last')).toBe(keys.length - 1);
    told = keys.length - 1;
    await store.close();
  }
  await rm(folder, { recursive: true });
}, 240_000);
