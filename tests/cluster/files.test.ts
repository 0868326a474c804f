import { afterAll, expect, test } from 'bun:test';
import { type RunningS3, startS3 } from '@konferenco/testkit/servers';
import { bytesOf, Person } from '../attachments/person.ts';
import { allSee, useCluster } from './support.ts';

let s3: RunningS3 | null = null;
const cluster = useCluster(async () => {
  s3 = await startS3();
  return {
    KONFERENCO_S3_ENDPOINT: s3.endpoint,
    KONFERENCO_S3_BUCKET: s3.bucket,
    KONFERENCO_S3_KEY: s3.access_key,
    KONFERENCO_S3_SECRET: s3.secret_key,
  };
});
afterAll(() => s3?.server.stop());

// proves AT-7, AT-10
test('S3 is killed: text goes on, files say that they wait, and an upload goes on at another node where it was', async () => {
  const [mere, hone] = [await cluster().person('mere', 1, 'awa'), await cluster().person('hone', 2, 'awa')];
  const bytes = bytesOf(2_000_000);
  const here = new Person('mere', () => cluster().node(1).url);
  const there = new Person('mere', () => cluster().node(2).url);
  const { data: upload } = await here.begin('ch:awa', { size: bytes.length });
  expect((await here.chunk(upload.id, 0, bytes.slice(0, 1_000_000))).status).toBe(200);

  await s3?.server.kill();
  const refused = await there.chunk(upload.id, 1_000_000, bytes.slice(1_000_000));
  expect([refused.status, refused.data.error]).toEqual([503, 'storage_unavailable']);
  expect(refused.data.retry_after_ms).toBeGreaterThan(0);
  await mere.sendChannelMessage('awa', { text: 'without a file' });
  await hone.sendChannelMessage('awa', { text: 'heard' });
  await allSee([mere, hone], 'awa', ['without a file', 'heard']);

  await s3?.server.restart();
  expect((await there.chunk(upload.id, 1_000_000, bytes.slice(1_000_000))).status).toBe(200);
  const { data: file } = await there.complete(upload.id);
  expect(await there.say('ch:awa', { text: 'with a file', attachments: [file] })).toHaveLength(36);
  await allSee([mere, hone], 'awa', ['without a file', 'heard', 'with a file']);
  const reader = new Person('hone', () => cluster().node(1).url);
  expect(Buffer.from(await reader.download(file.id)).equals(bytes)).toBe(true);
}, 300_000);
