import { afterEach, beforeEach, expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSqlitePositions } from './positions.ts';
import { PositionsTable } from './positions-table.ts';

const NOW = Date.UTC(2026, 10, 21, 12);
let dir: string;
let path: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'konferenco-positions-'));
  path = join(dir, 'positions.db');
});
afterEach(() => rm(dir, { recursive: true }));

async function onDisk(words: string): Promise<boolean> {
  const files = await Promise.all((await readdir(dir)).map((name) => readFile(join(dir, name))));
  return files.some((bytes) => bytes.includes(words));
}

// proves PO-4
test('what is erased is in no file any more, neither in the database nor in its log', async () => {
  const table = new PositionsTable(path);
  table.allow('mere', { given_at: NOW - 9, device: 'phone' });
  const zones = Array.from({ length: 500 }, (_, i) => ({ id: `${i}`, user: 'mere', at: NOW, zone: 'te-whare-ngaro' }));
  table.add(zones, NOW);
  expect(await onDisk('te-whare-ngaro')).toBe(true);
  table.erase('mere', NOW);
  expect(await onDisk('te-whare-ngaro')).toBe(false);
  table.add([{ id: 'late', user: 'mere', at: NOW + 1, zone: 'te-whare-ngaro' }], NOW);
  table.maintain(NOW + 86_400_000);
  expect(await onDisk('te-whare-ngaro')).toBe(false);
  table.close();
});

test('consents and positions outlast the process', async () => {
  const open = () => createSqlitePositions({ path, now: () => NOW, onFault: () => {} });
  const first = open();
  await first.allow('mere', { given_at: NOW - 9, device: 'phone' });
  await first.add([{ id: 'a', user: 'mere', at: NOW - 1, zone: 'hall' }]);
  await first.close();
  const second = open();
  expect(await second.consent('mere')).toEqual({ given_at: NOW - 9, device: 'phone' });
  expect(await second.read({ user: 'mere', from: 0, to: NOW, limit: 9 })).toEqual([
    { id: 'a', at: NOW - 1, zone: 'hall' },
  ]);
  await second.close();
});

// proves PO-9
test('what was restored from a copy begins empty, consents included', async () => {
  const table = new PositionsTable(path);
  table.allow('mere', { given_at: NOW - 9, device: 'phone' });
  table.add([{ id: 'a', user: 'mere', at: NOW - 1, zone: 'hall' }], NOW);
  table.close();
  const restored = createSqlitePositions({ path, now: () => NOW, onFault: () => {}, isRestored: true });
  expect(await restored.consent('mere')).toBeNull();
  expect(await restored.allow('mere', { given_at: NOW, device: 'phone' })).toMatchObject({ given_at: NOW });
  expect(await restored.read({ user: 'mere', from: 0, to: NOW, limit: 9 })).toEqual([]);
  await restored.close();
});

test('where nobody said yes there is no file, and none is made', async () => {
  const positions = createSqlitePositions({ path, now: () => NOW, onFault: () => {} });
  expect(await positions.consent('mere')).toBeNull();
  expect(await positions.add([{ id: 'a', user: 'mere', at: NOW, zone: 'hall' }])).toBe(0);
  await positions.maintain(NOW);
  await positions.withdraw('mere', NOW);
  await positions.close();
  expect(existsSync(path)).toBe(false);
});
