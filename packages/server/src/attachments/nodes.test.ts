import { beforeEach, expect, test } from 'bun:test';
import { Serial } from '../accounts/serial.ts';
import { createTestApi, type TestApi } from '../http/test-api.ts';
import { Attachments } from './attachments.ts';

/** Two nodes over one store and one storage for files: nothing but these two is shared. */
let api: TestApi;
let nodes: readonly [Attachments, Attachments];

beforeEach(async () => {
  api = await createTestApi({ rateLimits: false });
  const first = api.deps.attachments;
  nodes = [first, new Attachments({ ...first.context, serial: new Serial() })];
});

const CHUNK = new Uint8Array(100_000).fill(1);
const objects = async () => (await nodes[0].context.objects.list('', { limit: 100 })).objects.map(({ key }) => key);
const begin = (size: number) =>
  nodes[0].create('ben', { log: 'ch:general', name: 'a', type: 'application/octet-stream', size });

// proves AT-10
test('chunks that go to different nodes make one file', async () => {
  const { id } = await begin(300_000);
  for (const [node, offset] of [
    [nodes[1], 0],
    [nodes[0], 100_000],
    [nodes[1], 200_000],
  ] as const) {
    expect((await node.putChunk('ben', id, { offset, bytes: CHUNK })).received).toBe(offset + 100_000);
  }
  expect(await nodes[0].complete('ben', id)).toEqual(await nodes[1].complete('ben', id));
  expect(await objects()).toEqual([`a/${id}`]);
});

// proves AT-10
test('the same chunk sent to both nodes at once is kept once, and its copy goes', async () => {
  const { id } = await begin(200_000);
  for (const offset of [0, 100_000]) {
    const states = await Promise.all(nodes.map((node) => node.putChunk('ben', id, { offset, bytes: CHUNK })));
    expect(states.map(({ received }) => received)).toEqual([offset + 100_000, offset + 100_000]);
  }
  expect(await objects()).toHaveLength(2);
});

// proves AT-11
test('a file that both nodes complete at once is complete once', async () => {
  const { id } = await begin(100_000);
  await nodes[1].putChunk('ben', id, { offset: 0, bytes: CHUNK });
  const done = await Promise.allSettled(nodes.map((node) => node.complete('ben', id)));
  expect(done.some(({ status }) => status === 'fulfilled')).toBe(true);
  expect((await nodes[1].complete('ben', id)).size).toBe(100_000);
  expect(await objects()).toEqual([`a/${id}`]);
});

// proves AT-13
test('what one person may have open holds over all nodes', async () => {
  const begun = Array.from({ length: 30 }, (_, n) =>
    (nodes[n % 2] ?? nodes[0]).create('ben', { log: 'ch:general', name: 'a', type: 'a/b', size: 1 }).then(
      () => 'begun',
      (error: { error?: string }) => error.error,
    ),
  );
  const outcomes = await Promise.all(begun);
  expect(outcomes.filter((outcome) => outcome === 'begun')).toHaveLength(20);
  expect(outcomes.filter((outcome) => outcome === 'quota_exceeded')).toHaveLength(10);
});
