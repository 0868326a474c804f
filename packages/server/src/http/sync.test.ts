import { expect, test } from 'bun:test';
import { compressed } from './compress.ts';
import { createTestApi } from './test-api.ts';

test('a sync over REST fits its schema and is for those who may read', async () => {
  const syncs: object[] = [];
  const api = await createTestApi({ onSync: (sync) => syncs.push(sync) });
  const body = { namespace: 'schedule', event: 'hui', trigger: 'first_connect' } as const;
  const first = await api.call('sync', 'aroha', { body });
  expect(first).toMatchObject({ new_version: 'memory:0', has_more: false });
  expect(await api.call('sync', 'aroha', { body: { ...body, since_version: first.new_version } })).toMatchObject({
    operations: [],
  });
  expect(await api.refusal('sync', 'zed', { body })).toBe('not_member');
  expect(await api.refusal('sync', 'aroha', { body: { namespace: 'schedule' } })).toBe('invalid');
  expect(syncs).toEqual([
    { trigger: 'first_connect', form: 'snapshot' },
    { trigger: 'first_connect', form: 'delta' },
  ]);
});

test('times to meet are asked for by person and event', async () => {
  const api = await createTestApi();
  expect(await api.call('freeTimes', 'aroha', { query: { with: 'ben', event: 'hui' } })).toEqual({ slots: [] });
  expect(await api.refusal('freeTimes', 'aroha', { query: { with: 'zed', event: 'hui' } })).toBe('not_found');
  expect(await api.refusal('freeTimes', 'aroha', { query: { with: 'ben' } })).toBe('invalid');
});

test.each([
  ['gzip', 'x'.repeat(2_000), 'gzip'],
  ['br, GZIP;q=0.8', 'x'.repeat(2_000), 'gzip'],
  ['*', 'x'.repeat(2_000), 'gzip'],
  ['gzip', 'short', null],
  ['gzip;q=0', 'x'.repeat(2_000), null],
  ['br', 'x'.repeat(2_000), null],
  ['', 'x'.repeat(2_000), null],
])('accepting %p', async (accepts, text, encoding) => {
  const request = new Request('http://hui.test', { headers: { 'accept-encoding': accepts } });
  const answer = await compressed(request, new Response(text));
  expect(answer.headers.get('content-encoding')).toBe(encoding);
  expect(answer.headers.get('vary')).toContain('Accept-Encoding');
  const body = new Uint8Array(await answer.arrayBuffer());
  expect(new TextDecoder().decode(encoding ? Bun.gunzipSync(body) : body)).toBe(text);
});
