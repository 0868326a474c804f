import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestServer } from '@konferenco/testkit';
import { bytesOf, Person } from './person.ts';

let dir: string;
let server: TestServer;
const start = async () => {
  server = await TestServer.start({ storage: 'disk', dir, rateLimits: false });
};
const mere = new Person('mere', () => server.httpUrl);
const BYTES = bytesOf(5_000_000);
const sha256 = (bytes: Uint8Array) => new Bun.CryptoHasher('sha256').update(bytes).digest('hex');
const kept = () =>
  readdirSync(join(dir, 'objects'), { recursive: true, encoding: 'utf8' }).filter((path) => path.includes('+'));

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'konferenco-files-'));
  await start();
});
afterAll(async () => {
  await server.stop();
  rmSync(dir, { recursive: true, force: true });
});

// proves AT-10
test('a server killed between chunks, and in the midst of one, goes on behind the last it answered', async () => {
  const { data: upload } = await mere.begin('ch:general', { size: BYTES.length, name: 'talk.mp4', type: 'video/mp4' });
  await mere.chunk(upload.id, 0, BYTES.slice(0, 1_000_000));
  const last = mere.chunk(upload.id, 1_000_000, BYTES.slice(1_000_000)).catch(() => null);
  await server.kill();
  const answered = await last;
  await start();
  const { data: state } = await mere.call<typeof upload>('GET', `/api/uploads/${upload.id}`);
  // What was answered is kept; what was not may be.
  expect(answered ? [BYTES.length] : [1_000_000, BYTES.length]).toContain(state.received);
  await mere.send(state, BYTES, 500_000);
  expect((await mere.complete(upload.id)).data.sha256).toBe(sha256(BYTES));
});

// proves AT-10, AT-19
test('a server killed after a file was complete has it for the message that comes then, and after that', async () => {
  const file = await mere.upload('ch:general', BYTES, { name: 'talk.bin' });
  await server.kill();
  await start();
  expect(await mere.say('ch:general', { text: 'the talk', attachments: [file] })).toHaveLength(36);
  await server.kill();
  await start();
  expect(sha256(await new Person('hone', () => server.httpUrl).download(file.id))).toBe(sha256(BYTES));
  expect(kept().filter((path) => path.includes(file.id))).toHaveLength(1);
});

// proves AT-11
test('a server killed while a file is put together has its chunks, and completes it anew', async () => {
  const { data: upload } = await mere.begin('ch:general', { size: BYTES.length });
  await mere.send(upload, BYTES, 300_000);
  const completing = mere.complete(upload.id).catch(() => null);
  await server.kill();
  await completing;
  await start();
  const { data } = await mere.complete(upload.id);
  expect(data.sha256).toBe(sha256(BYTES));
});

// proves AT-20
test('a message that is deleted takes its file from everybody at once, over restarts too', async () => {
  const file = await mere.upload('ch:general', bytesOf(1000));
  const target = await mere.say('ch:general', { text: '', attachments: [file] });
  expect((await new Person('hone', () => server.httpUrl).link(file.id)).status).toBe(200);
  await mere.say('ch:general', { target }, { subtype: 'delete' });
  for (const reader of ['mere', 'hone']) {
    expect((await new Person(reader, () => server.httpUrl).link(file.id)).status).toBe(404);
  }
  expect(await mere.say('ch:general', { text: '', attachments: [file] })).toBe('not_found');
});

// proves AT-19, AT-20
test('messages sent at the same moment each hold their file, until the last of them is deleted', async () => {
  const file = await mere.upload('ch:general', bytesOf(1000));
  const payload = { text: '', attachments: [file] };
  const said = await Promise.all([1, 2, 3, 4].map(() => mere.say('ch:general', payload)));
  expect(said.map((id) => id.length)).toEqual([36, 36, 36, 36]);
  const readable = async () => (await new Person('hone', () => server.httpUrl).link(file.id)).status;
  for (const target of said.slice(1)) await mere.say('ch:general', { target }, { subtype: 'delete' });
  expect(await readable()).toBe(200);
  await mere.say('ch:general', { target: said[0] }, { subtype: 'delete' });
  expect(await readable()).toBe(404);
});
