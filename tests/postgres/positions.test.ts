import { expect, test } from 'bun:test';
import { describePositionsContract } from '@konferenco/testkit/contracts';
import { SQL } from 'bun';
import { openPostgresPositions } from '../../packages/server/src/adapters/postgres-series/positions.ts';
import { newSchema, usePostgres } from './support.ts';

const server = usePostgres();

describePositionsContract('PostgreSQL', async (now) => {
  const options = { url: server().url, schema: newSchema(), now };
  const [one, other] = await Promise.all([openPostgresPositions(options), openPostgresPositions(options)]);
  return { nodes: [one, other], dispose: async () => void (await Promise.all([one.close(), other.close()])) };
});

// proves PO-5
test('an hour of positions is dropped as a table before the first of them is a day old', async () => {
  const HOUR = 3_600_000;
  const START = Date.UTC(2026, 10, 21, 12, 40);
  let now = START;
  const store = await openPostgresPositions({ url: server().url, schema: 'dropped', now: () => now });
  await store.allow('mere', { given_at: START - HOUR, device: 'phone' });
  await store.add([{ id: 'a', user: 'mere', at: START - 39 * 60_000, zone: 'hall' }]);
  const sql = new SQL(server().url);
  const tables = async () => {
    const rows: { relname: string }[] = await sql`
      SELECT relname FROM pg_class
      WHERE relname LIKE 'positions_20%' AND relkind = 'r' AND relnamespace = 'dropped'::regnamespace ORDER BY 1`;
    return rows.map(({ relname }) => relname);
  };
  expect(await tables()).toEqual(['positions_2026_11_21_12', 'positions_2026_11_21_13']);
  now = Date.UTC(2026, 10, 22, 11, 54);
  await store.maintain(now);
  expect((await tables())[0]).toBe('positions_2026_11_21_12');
  now = Date.UTC(2026, 10, 22, 11, 55);
  await store.maintain(now);
  expect(await tables()).toEqual(['positions_2026_11_21_13', 'positions_2026_11_22_11', 'positions_2026_11_22_12']);
  await sql.close();
  await store.close();
});

// proves PO-9
test('what was restored from a copy begins empty, consents included', async () => {
  const now = () => Date.UTC(2026, 10, 21, 12, 40);
  const options = { url: server().url, schema: 'restored', now };
  const before = await openPostgresPositions(options);
  await before.allow('mere', { given_at: now() - 9, device: 'phone' });
  await before.add([{ id: 'a', user: 'mere', at: now() - 1, zone: 'hall' }]);
  await before.close();
  const restored = await openPostgresPositions({ ...options, isRestored: true });
  expect(await restored.consent('mere')).toBeNull();
  expect(await restored.read({ user: 'mere', from: 0, to: now(), limit: 9 })).toEqual([]);
  await restored.close();
});
