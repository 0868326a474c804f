import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { ObjectsUnavailableError } from '@konferenco/core';
import { TestServer } from '@konferenco/testkit';
import { bodyOf } from '@konferenco/testkit/contracts';
import { type RunningS3, startS3 } from '@konferenco/testkit/servers';
import { openS3Objects, S3RefusedError } from '../../packages/server/src/adapters/s3/objects.ts';
import { S3Requests } from '../../packages/server/src/adapters/s3/request.ts';
import { systemClock, systemRandom } from '../../packages/server/src/runtime/system.ts';
import { bytesOf, Person } from './person.ts';

let s3: RunningS3;
beforeAll(async () => {
  s3 = await startS3();
});
afterAll(() => s3.server.stop());

const options = () => ({ ...s3, path_style: true, clock: systemClock, random: systemRandom });
const errorOf = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (error: unknown) => error,
  );

describe('an S3 storage', () => {
  // proves AT-8
  test('that refuses the credentials or has no such bucket is told in one sentence, with what to do', async () => {
    for (const [wrong, word] of [
      [{ bucket: 'nowhere' }, 'KONFERENCO_S3_BUCKET'],
      [{ access_key: 'NOBODY' }, 'KONFERENCO_S3_KEY'],
    ] as const) {
      const error = await errorOf(openS3Objects({ ...options(), ...wrong }));
      expect(error).toBeInstanceOf(S3RefusedError);
      expect((error as Error).message).toContain(word);
      expect((error as Error).message).not.toContain('\n');
    }
  });

  // proves AT-7
  test('that does not answer rejects every call in bounded time, and answers again afterwards', async () => {
    const objects = await openS3Objects({ ...options(), timeout_ms: 1_000 });
    await objects.put('a/1', bodyOf(1000), 1000);
    s3.server.pause();
    const asked = [
      objects.put('a/2', bodyOf(10), 10),
      objects.put('a/3', bodyOf(9_000_000), 9_000_000),
      objects.get('a/1'),
      objects.stat('a/1'),
      objects.delete('a/1'),
      objects.list('', { limit: 1 }),
      objects.sweep(0),
    ];
    for (const error of await Promise.all(asked.map(errorOf))) expect(error).toBeInstanceOf(ObjectsUnavailableError);
    s3.server.resume();
    // Not one of those above, which s3rver may still be about to write.
    await objects.put('a/4', bodyOf(10), 10);
    expect(await objects.stat('a/4')).toMatchObject({ size: 10 });
  });

  // The example of Amazon's documentation of Signature Version 4 in query parameters.
  test('is asked with signatures as its documentation computes them', async () => {
    const at = Date.UTC(2013, 4, 24);
    const requests = new S3Requests({
      endpoint: 'https://s3.amazonaws.com',
      region: 'us-east-1',
      bucket: 'examplebucket',
      access_key: 'AKIAIOSFODNN7EXAMPLE',
      secret_key: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
      path_style: false,
      clock: { ...systemClock, now: () => at },
      random: systemRandom,
    });
    const url = new URL(await requests.link('test.txt', { 'X-Amz-Expires': '86400' }));
    expect(url.host).toBe('examplebucket.s3.amazonaws.com');
    expect(url.searchParams.get('X-Amz-Signature')).toBe(
      'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
    );
  });

  // proves AT-16
  test('gives links that expire by its own clock', async () => {
    const past = { ...systemClock, now: () => Date.now() - 301_000 };
    const objects = await openS3Objects(options());
    await objects.put('a/4', bodyOf(10), 10);
    const old = new S3Requests({ ...options(), clock: past });
    expect((await fetch(await old.link('a/4', { 'X-Amz-Expires': '300' }))).status).toBe(403);
    expect((await fetch(await old.link('a/4', { 'X-Amz-Expires': '900' }))).status).toBe(200);
  });
});

describe('a server with files in S3', () => {
  // proves AT-7, AT-10
  test('goes on with messages while the storage is away, and with uploads where they were', async () => {
    const server = await TestServer.start({
      rateLimits: false,
      env: {
        KONFERENCO_S3_ENDPOINT: s3.endpoint,
        KONFERENCO_S3_BUCKET: s3.bucket,
        KONFERENCO_S3_KEY: s3.access_key,
        KONFERENCO_S3_SECRET: s3.secret_key,
        KONFERENCO_LOG_LEVEL: 'silent',
      },
    });
    const mere = new Person('mere', () => server.httpUrl);
    const bytes = bytesOf(9_000_000);
    const { data: upload } = await mere.begin('ch:general', { size: bytes.length, type: 'video/mp4' });
    await mere.chunk(upload.id, 0, bytes.slice(0, 4_000_000));

    await s3.server.kill();
    const refused = await mere.chunk(upload.id, 4_000_000, bytes.slice(4_000_000, 8_000_000));
    expect([refused.status, refused.data.error]).toEqual([503, 'storage_unavailable']);
    expect(refused.data.retry_after_ms).toBeGreaterThan(0);
    expect(await mere.say('ch:general', { text: 'still here' })).toHaveLength(36);

    await s3.server.restart();
    const state = (await mere.begin('ch:general', { id: upload.id, size: bytes.length, type: 'video/mp4' })).data;
    expect(state.received).toBe(4_000_000);
    await mere.send(state, bytes);
    const { data: file } = await mere.complete(upload.id);
    expect(await mere.say('ch:general', { text: '', attachments: [file] })).toHaveLength(36);
    const { url } = (await new Person('hone', () => server.httpUrl).link(file.id)).data;
    expect(url).toStartWith(`${s3.endpoint}/${s3.bucket}/a/${file.id}?`);
    const answer = await fetch(url);
    expect(answer.headers.get('content-type')).toBe('video/mp4');
    expect(answer.headers.get('content-disposition')).toStartWith('inline');
    expect(Buffer.from(await answer.bytes()).equals(bytes)).toBe(true);
    const page = await fetch(`${server.httpUrl}/api/server`);
    expect(page.headers.get('content-security-policy')).toContain(`img-src 'self' data: blob: ${s3.endpoint}`);
    await server.stop();
  }, 90_000);

  // proves AT-8
  test('does not start with a bucket that is not there, and says so', async () => {
    const env = {
      KONFERENCO_S3_ENDPOINT: s3.endpoint,
      KONFERENCO_S3_BUCKET: 'nowhere',
      KONFERENCO_S3_KEY: s3.access_key,
      KONFERENCO_S3_SECRET: s3.secret_key,
    };
    expect(await errorOf(TestServer.start({ env }))).toMatchObject({ name: 'S3RefusedError' });
    const { KONFERENCO_S3_SECRET: _, ...half } = env;
    expect(await errorOf(TestServer.start({ env: half }))).toMatchObject({
      message: 'KONFERENCO_S3_ENDPOINT says that files are kept in S3: set KONFERENCO_S3_SECRET too',
    });
  });
});
