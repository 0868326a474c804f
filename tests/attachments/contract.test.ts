import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ObjectStore } from '@konferenco/core';
import { bodyOf, describeObjectStoreContract } from '@konferenco/testkit/contracts';
import { type RunningS3, startS3 } from '@konferenco/testkit/servers';
import { openFileObjects } from '../../packages/server/src/adapters/files/objects.ts';
import { createMemoryObjects } from '../../packages/server/src/adapters/memory/objects.ts';
import { openS3Objects } from '../../packages/server/src/adapters/s3/objects.ts';
import { createLinkSigner } from '../../packages/server/src/attachments/signed-link.ts';
import { serveObject } from '../../packages/server/src/http/attachments.ts';
import { answerTo } from '../../packages/server/src/http/errors.ts';
import { systemClock, systemRandom } from '../../packages/server/src/runtime/system.ts';

const signer = createLinkSigner({ secret: new Uint8Array(32), now: () => Date.now() });
const metrics = { bytes() {}, upload() {}, refused() {}, link() {}, removed() {} };

/** Links that this server serves itself lead to its route. */
function followHere(objects: ObjectStore) {
  return (url: string, range?: string): Promise<Response> => {
    const request = new Request(`http://server.test${url}`, range === undefined ? {} : { headers: { range } });
    return serveObject({ objects, signer, metrics }, request).catch(
      (error: unknown) => new Response(null, { status: answerTo(error).status }),
    );
  };
}

describeObjectStoreContract('memory', async () => {
  const objects = createMemoryObjects({ ...signer, now: () => Date.now() });
  return { objects, follow: followHere(objects), dispose: () => objects.close() };
});

describeObjectStoreContract('files', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'konferenco-objects-'));
  const objects = await openFileObjects({ dir, ...signer });
  return { objects, follow: followHere(objects), dispose: () => rm(dir, { recursive: true, force: true }) };
});

describe('files on disk', () => {
  // proves AT-4
  test('are readable by their owner alone, and drafts of a crash are swept when they are old', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'konferenco-objects-'));
    const objects = await openFileObjects({ dir, ...signer });
    await objects.put('a/1', bodyOf(10), 10);
    const [folder = ''] = (await readdir(dir)).filter((name) => name !== 'drafts');
    const [name = ''] = await readdir(join(dir, folder));
    expect((await stat(join(dir, folder, name))).mode & 0o777).toBe(0o600);
    expect(await readdir(join(dir, 'drafts'))).toEqual([]);
    for (const draft of ['old', 'young']) await writeFile(join(dir, 'drafts', draft), 'half');
    await utimes(join(dir, 'drafts', 'old'), 1, 1);
    expect(await objects.sweep(Date.now() - 1_000)).toBe(1);
    expect(await readdir(join(dir, 'drafts'))).toEqual(['young']);
    await rm(dir, { recursive: true });
  });
});

describe('S3', () => {
  let s3: RunningS3;
  beforeAll(async () => {
    s3 = await startS3();
  });
  afterAll(() => s3.server.stop());

  for (const style of ['path', 'virtual-host'] as const) {
    describeObjectStoreContract(`S3 addressed in ${style} style`, async () => {
      const endpoint = style === 'path' ? s3.endpoint : `http://s3.localhost:${s3.server.port}`;
      const path_style = style === 'path';
      const objects = await openS3Objects({ ...s3, endpoint, path_style, clock: systemClock, random: systemRandom });
      return {
        objects,
        follow: (url, range) => fetch(url, range === undefined ? {} : { headers: { range } }),
        async dispose() {
          const { objects: left } = await objects.list('', { limit: 100 });
          for (const { key } of left) await objects.delete(key);
        },
      };
    });
  }
});
