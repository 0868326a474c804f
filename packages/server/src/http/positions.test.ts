import { expect, test } from 'bun:test';
import { directLog } from '@konferenco/protocol';
import { createTestApi, type TestApi } from './test-api.ts';

const uuid = (n: number) => `01932b00-0000-7000-8000-${String(n).padStart(12, '0')}`;

/** Gives consent, lets a minute pass, and notes `count` positions a second apart. */
async function withPositions(count: number): Promise<TestApi> {
  const api = await createTestApi();
  await api.call('allowPositions', 'ben');
  api.clock.time += 60_000;
  for (let n = 0; n < count; n++)
    api.deps.positions?.note({ id: uuid(n), user: 'ben', at: api.clock.time - (count - n) * 1_000, zone: `zone-${n}` });
  return api;
}

const zones = async (api: TestApi, user = 'ben') => (await api.call('positions', user)).items.map(({ zone }) => zone);

// proves PO-2
test('consent is given once, says when and where, and ends when it is withdrawn', async () => {
  const api = await createTestApi();
  expect((await api.call('positions', 'ben')).consent).toBeUndefined();
  const consent = { given_at: api.clock.time, device: 'phone' };
  expect(await api.call('allowPositions', 'ben')).toEqual(consent);
  api.clock.time += 5;
  expect(await api.call('allowPositions', 'ben')).toEqual(consent);
  expect(await api.call('positions', 'ben')).toEqual({ consent, items: [] });
  await api.call('withdrawPositions', 'ben');
  expect(await api.call('positions', 'ben')).toEqual({ items: [] });
});

// proves PO-3
test('positions are read by their person in pages, and by nobody else', async () => {
  const api = await withPositions(5);
  expect(await zones(api)).toEqual(['zone-0', 'zone-1', 'zone-2', 'zone-3', 'zone-4']);
  expect(await zones(api, 'aroha')).toEqual([]);
  expect(await zones(api, 'owen')).toEqual([]);
  const first = await api.call('positions', 'ben', { query: { limit: '3' } });
  expect(first.items.length).toBe(3);
  const rest = await api.call('positions', 'ben', { query: { limit: '3', after: first.next ?? '' } });
  expect(rest.items.map(({ zone }) => zone)).toEqual(['zone-3', 'zone-4']);
  expect(rest.next).toBeUndefined();
  const range = { from: String(api.clock.time - 4_000), to: String(api.clock.time - 2_000) };
  expect((await api.call('positions', 'ben', { query: range })).items.map(({ zone }) => zone)).toEqual([
    'zone-1',
    'zone-2',
  ]);
  expect(await api.refusal('positions', 'ben', { query: { after: 'nonsense' } })).toBe('invalid');
  expect(await api.refusal('positions', 'ben', { query: { from: '8640000000000000' } })).toBe('ok');
});

// proves PO-4
test('erasing leaves the consent, withdrawing takes it; neither leaves a position, in the series or waiting', async () => {
  const api = await withPositions(2);
  await api.call('erasePositions', 'ben');
  expect(await zones(api)).toEqual([]);
  expect((await api.call('positions', 'ben')).consent).toBeDefined();
  api.clock.time += 60_000;
  api.deps.positions?.note({ id: uuid(9), user: 'ben', at: api.clock.time, zone: 'late' });
  expect(await zones(api)).toEqual(['late']);
  await api.call('withdrawPositions', 'ben');
  expect(await zones(api)).toEqual([]);
  expect(api.bus.published.at(-1)).toEqual({ kind: 'changed', what: 'profile', id: 'ben', user: 'ben' });
});

// proves PO-7
test('erasing takes the positions of the last hour out of the log, and nothing else', async () => {
  const api = await withPositions(0);
  const log = directLog('ben', 'ben');
  const append = (n: number, type: string, subtype: string) => ({
    log,
    id: uuid(n),
    sender: 'ben',
    envelope: JSON.stringify({ id: uuid(n), type, subtype, payload: { zone: 'hall' } }),
    expires_at: api.clock.time + 3_600_000,
  });
  const kinds = Array.from({ length: 600 }, (_, n) =>
    n % 3 === 0 ? append(n, 'chat', 'direct_message') : append(n, 'location', 'position_update'),
  );
  await api.store.commit(kinds.map((one) => ({ appends: [one] })));
  await api.call('withdrawPositions', 'ben');
  const { entries } = await api.store.read(log, { after: 0, limit: 1_000, max_bytes: 1e9 });
  expect(entries.filter(({ envelope }) => envelope !== null).length).toBe(200);
  expect(entries.every(({ offset, gone }) => (gone === 'erased') === ((offset - 1) % 3 !== 0))).toBe(true);
});
