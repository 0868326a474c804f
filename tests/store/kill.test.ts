import { expect, test } from 'bun:test';
import { rm } from 'node:fs/promises';
import { openWatched, parseOutput, readAll, startWriter, temporaryDirectory } from './support.ts';

const ROUNDS = 20;

/** Kills the writer once it has acknowledged `count` commits. @returns everything it printed */
async function killAfter(dir: string, count: number): Promise<string> {
  const writer = startWriter(dir, { writers: 64 });
  const decoder = new TextDecoder();
  let output = '';
  let lines = 0;
  let killed = false;
  for await (const chunk of writer.stdout) {
    const part = decoder.decode(chunk, { stream: true });
    output += part;
    lines += part.split('\n').length - 1;
    if (lines > count && !killed) {
      killed = true;
      writer.kill('SIGKILL');
    }
  }
  await writer.exited;
  expect(writer.signalCode).toBe('SIGKILL');
  return output;
}

test('every acknowledged commit outlives SIGKILL and is there exactly once, twenty times over on one directory', async () => {
  const dir = await temporaryDirectory();
  const acknowledged = new Map<string, string>();
  const epochs = new Set<string | undefined>();
  for (let round = 0; round < ROUNDS; round++) {
    const output = parseOutput(await killAfter(dir, 1 + Math.floor(Math.random() * 3_000)));
    epochs.add(output.epoch);
    for (const { log, offset, id } of output.acknowledged) acknowledged.set(id, `${log} ${offset}`);
  }
  const { store, damage } = await openWatched(dir);
  epochs.add(store.epoch);
  const found = new Map<string, string[]>();
  for (let log = 0; log < 7; log++) {
    const entries = await readAll(store, `ch:${log}`);
    expect(entries.map((entry) => entry.offset)).toEqual(entries.map((_, i) => i + 1));
    for (const { id, offset, gone } of entries) {
      expect(gone).toBeUndefined();
      found.set(id, [...(found.get(id) ?? []), `ch:${log} ${offset}`]);
    }
  }
  expect(acknowledged.size).toBeGreaterThan(ROUNDS);
  const lost = [...acknowledged].filter(([id, position]) => found.get(id)?.join() !== position);
  expect(lost).toEqual([]);
  expect([...found.values()].every((positions) => positions.length === 1)).toBe(true);
  expect(damage).toEqual([]);
  expect(epochs.size).toBe(1);
  await store.close();
  await rm(dir, { recursive: true });
}, 240_000);
