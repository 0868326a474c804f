import { afterAll, beforeAll, expect, test } from 'bun:test';
import { TestServer } from '@konferenco/testkit';
import { type RunningProgram, type RunningS3, startNats, startPostgres, startS3 } from '@konferenco/testkit/servers';
import { bytesOf, Person } from './person.ts';

let programs: readonly [RunningProgram, RunningProgram, RunningS3];
let nodes: readonly [TestServer, TestServer];

beforeAll(async () => {
  programs = await Promise.all([startPostgres(), startNats(), startS3()]);
  const [postgres, nats, s3] = programs;
  const env = {
    KONFERENCO_POSTGRES_URL: postgres.url,
    KONFERENCO_NATS_URL: nats.url,
    KONFERENCO_S3_ENDPOINT: s3.endpoint,
    KONFERENCO_S3_BUCKET: s3.bucket,
    KONFERENCO_S3_KEY: s3.access_key,
    KONFERENCO_S3_SECRET: s3.secret_key,
  };
  const start = () => TestServer.start({ storage: 'disk', rateLimits: false, env });
  nodes = [await start(), await start()];
}, 240_000);
afterAll(async () => {
  for (const node of nodes) await node.stop();
  const [postgres, nats, s3] = programs;
  await Promise.all([postgres.stop(), nats.stop(), s3.server.stop()]);
}, 240_000);

// proves AT-10, AT-18, AT-20
test('two nodes on PostgreSQL, NATS and S3 take an upload in turns, and lose a message and its file together', async () => {
  const [there, here] = nodes.map((node) => new Person('mere', () => node.httpUrl)) as [Person, Person];
  const bytes = bytesOf(9_000_000);
  const { data: upload } = await there.begin('ch:general', { size: bytes.length });
  for (let at = 0, turn = 0; at < bytes.length; at += 2_000_000, turn++) {
    const person = turn % 2 === 0 ? here : there;
    expect((await person.chunk(upload.id, at, bytes.slice(at, at + 2_000_000))).status).toBe(200);
  }
  const { data: file } = await here.complete(upload.id);
  expect((await there.complete(upload.id)).data).toEqual(file);
  const target = await there.say('ch:general', { text: '', attachments: [file] });
  const hone = new Person('hone', () => nodes[1].httpUrl);
  expect(Buffer.from(await hone.download(file.id)).equals(bytes)).toBe(true);
  expect(await here.say('ch:general', { target }, { subtype: 'delete' })).toHaveLength(36);
  expect((await there.link(file.id)).status).toBe(404);
}, 120_000);
