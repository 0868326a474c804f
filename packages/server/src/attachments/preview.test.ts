import { beforeEach, describe, expect, test } from 'bun:test';
import { createTestApi, type TestApi } from '../http/test-api.ts';
import { Janitor } from './janitor.ts';
import { TestFiles } from './test-files.ts';

/** The head of a lossless WebP of this size. */
function webp(width: number, height: number): Uint8Array {
  const bits = (width - 1) | ((height - 1) << 14);
  const head = new Uint8Array(40);
  head.set(Buffer.from('RIFF....WEBPVP8L....\x2f', 'latin1'));
  new DataView(head.buffer).setUint32(21, bits, true);
  return head;
}

const LARGE = webp(2_000, 1_000);
const SMALL = webp(320, 160);

let api: TestApi;
let files: TestFiles;
beforeEach(async () => {
  api = await createTestApi({ rateLimits: false });
  files = new TestFiles(api, api.deps.attachments);
});

const picture = (log = 'ch:crew') => files.upload('aroha', log as `ch:${string}`, LARGE, 'image/webp');
const put = (id: string, body = SMALL, user = 'aroha') =>
  api.call('putPreview', user, { params: { attachment: id }, body });
const refused = (route: 'preview' | 'putPreview', user: string, id: string, body = SMALL) =>
  route === 'preview'
    ? api.refusal(route, user, { params: { attachment: id } })
    : api.refusal(route, user, { params: { attachment: id }, body });
const objects = async () =>
  (await api.deps.attachments.context.objects.list('', { limit: 9 })).objects.map((o) => o.key);

describe('a preview', () => {
  // proves AT-21
  test('is kept beside a file, told of by its description, and read with one request by whoever may read the file', async () => {
    const file = await picture();
    expect(file.preview).toBeUndefined();
    const described = await put(file.id);
    expect(described).toEqual({ ...file, preview: true });
    expect(await put(file.id)).toEqual(described);
    expect(await refused('preview', 'ben', file.id)).toBe('not_found');
    await files.carry('ch:crew', 'aroha', [described]);
    const { type, bytes } = await api.call('preview', 'aroha', { params: { attachment: file.id } });
    expect([type, Buffer.from(bytes, 'base64')]).toEqual(['image/webp', Buffer.from(SMALL)]);
    expect(await refused('preview', 'ben', file.id)).toBe('not_member');
  });

  // proves AT-21
  test('is a small picture, of one’s own complete file, before a message carries it', async () => {
    const file = await picture();
    expect(await refused('putPreview', 'ben', file.id)).toBe('not_found');
    expect(await refused('putPreview', 'aroha', file.id, webp(321, 10))).toBe('upload_type_refused');
    const svg = new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg"/>');
    expect(await refused('putPreview', 'aroha', file.id, svg)).toBe('upload_type_refused');
    expect(await refused('putPreview', 'aroha', file.id, new Uint8Array(16_385))).toBe('too_large');
    const { id } = await api.deps.attachments.create('aroha', { log: 'ch:crew', name: 'b', type: 'a/b', size: 5 });
    expect(await refused('putPreview', 'aroha', id)).toBe('upload_incomplete');
    await files.carry('ch:crew', 'aroha', [file]);
    expect(await refused('putPreview', 'aroha', file.id)).toBe('conflict');
    expect(await refused('preview', 'aroha', file.id)).toBe('not_found');
  });

  // proves AT-21
  test('goes with its file', async () => {
    const described = await put((await picture()).id);
    const entry = await files.carry('ch:crew', 'aroha', [described]);
    if ('kind' in entry) throw new Error(entry.detail);
    expect((await objects()).length).toBe(2);
    await files.erase('ch:crew', entry);
    const { context } = api.deps.attachments;
    const clock = { now: () => api.clock.now(), after: () => () => {}, soon() {} };
    await new Janitor({ ...context, clock }, () => {}).take();
    expect(await objects()).toEqual([]);
  });

  // proves AT-22
  test('may be named by a message only where there is one; what a picture shows is the sender’s to say', async () => {
    const file = await picture();
    expect(await files.carry('ch:crew', 'aroha', [{ ...file, preview: true }])).toMatchObject({ error: 'invalid' });
    const described = { ...file, alt: 'The hall, full of people', tint: '0b6b5d' };
    expect(await files.carry('ch:crew', 'aroha', [described])).not.toHaveProperty('error');
    const found = await api.store.search({ words: 'full people', logs: ['ch:crew'], limit: 9 });
    expect(found.hits.length).toBe(1);
  });
});
