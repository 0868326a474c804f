import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { TestServer } from '@konferenco/testkit';
import { bytesOf, Person } from './person.ts';

const LIMIT = 12_000_000;

let server: TestServer;
const person = (name: string) => new Person(name, () => server.httpUrl);
const [mere, hone, sina] = ['mere', 'hone', 'sina'].map(person) as [Person, Person, Person];

beforeAll(async () => {
  server = await TestServer.start({
    rateLimits: false,
    env: { KONFERENCO_ATTACHMENT_BYTES: String(LIMIT), KONFERENCO_ATTACHMENT_DAILY_BYTES: '60000000' },
  });
});
afterAll(() => server.stop());

const sha256 = (bytes: Uint8Array) => new Bun.CryptoHasher('sha256').update(bytes).digest('hex');

describe('an upload', () => {
  // proves AT-10, AT-11
  test('of many chunks arrives byte for byte, in a channel and in a direct conversation', async () => {
    for (const log of ['ch:general', 'dm:hone:mere']) {
      const bytes = bytesOf(10_000_001);
      const file = await mere.upload(log, bytes, { name: 'talk.bin' });
      expect(file).toMatchObject({ name: 'talk.bin', size: bytes.length, sha256: sha256(bytes) });
      expect(await mere.say(log, { text: '', attachments: [file] })).toHaveLength(36);
      expect(sha256(await hone.download(file.id))).toBe(sha256(bytes));
    }
  });

  // proves AT-10
  test('keeps a chunk that comes twice once, and tells a wrong offset where it goes on', async () => {
    const bytes = bytesOf(300_000);
    const { data: upload } = await mere.begin('ch:general', { size: bytes.length });
    const [first, rest] = [bytes.slice(0, 100_000), bytes.slice(100_000)];
    expect((await mere.chunk(upload.id, 100_000, rest)).data.received).toBe(0);
    expect((await mere.chunk(upload.id, 0, first)).data.received).toBe(100_000);
    expect((await mere.chunk(upload.id, 0, first)).data.received).toBe(100_000);
    expect((await mere.chunk(upload.id, 50_000, rest)).data.received).toBe(100_000);
    const both = await Promise.all([1, 2, 3].map(() => mere.chunk(upload.id, 100_000, rest)));
    expect(both.map(({ data }) => data.received)).toEqual([300_000, 300_000, 300_000]);
    expect((await mere.complete(upload.id)).data.sha256).toBe(sha256(bytes));
    expect((await mere.complete(upload.id)).data.sha256).toBe(sha256(bytes));
    expect((await mere.chunk(upload.id, 0, first)).data.attachment?.sha256).toBe(sha256(bytes));
  });

  // proves AT-10
  test('begun again under its id answers how far it is; the id of another file is refused', async () => {
    const id = '019aa4f0-0000-7000-8000-000000000001';
    const file = { id, size: 200_000, name: 'a.bin' };
    const { data: upload } = await mere.begin('ch:general', file);
    await mere.chunk(upload.id, 0, bytesOf(70_000));
    expect((await mere.begin('ch:general', file)).data.received).toBe(70_000);
    expect((await mere.begin('ch:general', { ...file, size: 200_001 })).data.error).toBe('id_reused');
    expect((await hone.begin('ch:general', file)).data.error).toBe('id_reused');
  });

  // proves AT-9
  test('of another person is unknown, whatever is asked of it', async () => {
    const { data: upload } = await mere.begin('ch:general', { size: 100_000 });
    const asked = [
      hone.call('GET', `/api/uploads/${upload.id}`),
      hone.chunk(upload.id, 0, bytesOf(100_000)),
      hone.complete(upload.id),
      hone.call('DELETE', `/api/uploads/${upload.id}`),
      hone.link(upload.id),
    ];
    for (const { status, data } of await Promise.all(asked)) expect([status, data.error]).toEqual([404, 'not_found']);
    expect((await mere.call('GET', `/api/uploads/${upload.id}`)).status).toBe(200);
  });

  // proves AT-9
  test('needs the right to write in the conversation', async () => {
    expect((await sina.begin('dm:hone:mere', { size: 1 })).data.error).toBe('forbidden');
    expect((await sina.begin('me:sina', { size: 1 })).data.error).toBe('forbidden');
    expect((await sina.begin('in:sina', { size: 1 })).data.error).toBe('forbidden');
    expect((await sina.begin('nonsense', { size: 1 })).data.error).toBe('forbidden');
    expect((await new Person('', () => server.httpUrl).begin('ch:general', { size: 1 })).status).toBe(401);
  });

  // proves AT-11
  test('that is not what was announced is refused and gone', async () => {
    const { data: short } = await mere.begin('ch:general', { size: 100_000 });
    await mere.chunk(short.id, 0, bytesOf(70_000));
    expect((await mere.complete(short.id)).data.error).toBe('upload_incomplete');
    expect((await mere.chunk(short.id, 70_000, bytesOf(30_001))).data.error).toBe('upload_mismatch');
    const { data: other } = await mere.begin('ch:general', { size: 1000, sha256: 'a'.repeat(64) });
    await mere.chunk(other.id, 0, bytesOf(1000));
    expect((await mere.complete(other.id)).data.error).toBe('upload_mismatch');
    expect((await mere.call('GET', `/api/uploads/${other.id}`)).status).toBe(404);
  });

  // proves AT-13
  test('that is empty, too large, cut too small or sent in too large a piece is refused', async () => {
    expect((await mere.begin('ch:general', { size: 0 })).data.error).toBe('invalid');
    const large = await mere.begin('ch:general', { size: LIMIT + 1 });
    expect([large.status, large.data.error]).toEqual([413, 'upload_too_large']);
    const { data: upload } = await mere.begin('ch:general', { size: LIMIT });
    expect((await mere.chunk(upload.id, 0, bytesOf(1000))).data.error).toBe('invalid');
    const fat = await mere.chunk(upload.id, 0, bytesOf(upload.chunk_bytes + 1));
    expect([fat.status, fat.data.error]).toEqual([413, 'too_large']);
    expect((await mere.call('PUT', `/api/uploads/${upload.id}/-1`, bytesOf(10))).status).toBe(400);
    expect((await mere.call('PUT', `/api/uploads/${upload.id}/1e3`, bytesOf(10))).status).toBe(400);
  });

  // proves AT-12
  test('that is said to be a picture is one, and is called what it is', async () => {
    const page = new TextEncoder().encode('<html></html>');
    const send = async (bytes: Uint8Array<ArrayBuffer>, type: string) => {
      const { data: upload } = await mere.begin('ch:general', { size: bytes.length, type });
      await mere.chunk(upload.id, 0, bytes);
      return mere.complete(upload.id);
    };
    const refused = await send(page, 'image/png');
    expect([refused.status, refused.data.error]).toEqual([415, 'upload_type_refused']);
    expect((await send(PNG, 'image/jpeg')).data).toMatchObject({ type: 'image/png', width: 1, height: 1 });
    const opaque = (await send(PNG, 'application/octet-stream')).data;
    expect([opaque.type, opaque.width]).toEqual(['application/octet-stream', undefined]);
  });

  // proves AT-13
  test('is of a type that the operator takes', async () => {
    const strict = await TestServer.start({ env: { KONFERENCO_ATTACHMENT_TYPES: 'image/*,application/pdf' } });
    const rawiri = new Person('rawiri', () => strict.httpUrl);
    const refusalOf = async (type: string) => (await rawiri.begin('ch:general', { size: 1, type })).data.error;
    expect([await refusalOf('image/webp'), await refusalOf('application/pdf')]).toEqual([undefined, undefined]);
    expect([await refusalOf('video/mp4'), await refusalOf('application/zip')]).toEqual(
      Array(2).fill('upload_type_refused'),
    );
    expect((await rawiri.begin('ch:general', { size: 1, type: 'image/*' })).data.error).toBe('invalid');
    const { data } = await rawiri.call<{ attachments: object }>('GET', '/api/server');
    expect(data.attachments).toEqual({ max_bytes: 104_857_600, types: ['image/*', 'application/pdf'] });
    await strict.stop();
  });

  // proves AT-3
  test('keeps the last part of a name, in any script', async () => {
    const named = async (name: string) => (await mere.begin('ch:general', { size: 1, name })).data.name;
    expect(await named('../../../etc/passwd')).toBe('passwd');
    expect(await named('Whakaahua ā 写真.png')).toBe('Whakaahua ā 写真.png');
    expect(await named('x'.repeat(1024))).toHaveLength(120);
    expect((await mere.begin('ch:general', { size: 1, name: 'x'.repeat(1025) })).data.error).toBe('invalid');
  });

  // proves AT-13
  test('counts against what one person may have open and may send in a day', async () => {
    const [many, big] = [person('many'), person('big')];
    const begun = [];
    for (let n = 0; n < 20; n++) begun.push(await many.begin('ch:general', { size: 1000 }));
    expect(begun.map(({ status }) => status)).toEqual(Array(20).fill(200));
    const refused = await many.begin('ch:general', { size: 1000 });
    expect([refused.status, refused.data.error]).toEqual([429, 'quota_exceeded']);
    await many.call('DELETE', `/api/uploads/${begun[0]?.data.id}`);
    expect((await many.begin('ch:general', { size: 1000 })).status).toBe(200);

    for (let n = 0; n < 5; n++) expect((await big.begin('ch:general', { size: LIMIT })).status).toBe(200);
    const over = await big.begin('ch:general', { size: 1 });
    expect([over.status, over.data.error]).toEqual([429, 'quota_exceeded']);
    expect(over.data.retry_after_ms).toBeWithin(1, 86_400_001);
    expect(Number(over.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  // proves AT-14
  test('that never sends its body is given up, and others go on meanwhile', async () => {
    const { data: upload } = await sina.begin('ch:general', { size: 4_000_000 });
    const socket = await halfAChunk(server.port, `/api/uploads/${upload.id}/0`, 'sina', 4_000_000);
    const bytes = bytesOf(100_000);
    expect(sha256(await hone.download((await hone.upload('ch:general', bytes)).id))).toBe(sha256(bytes));
    socket.end();
    expect((await sina.call<{ received: number }>('GET', `/api/uploads/${upload.id}`)).data.received).toBe(0);
  });

  test('is counted, in bytes and by outcome', async () => {
    const { samples } = await server.getMetrics();
    expect(samples.get('konferenco_attachment_bytes_total{direction="in"}')).toBeGreaterThan(20_000_000);
    expect(samples.get('konferenco_attachment_bytes_total{direction="out"}')).toBeGreaterThan(20_000_000);
    expect(samples.get('konferenco_uploads_total{outcome="completed"}')).toBeGreaterThan(3);
    expect(samples.get('konferenco_upload_refusals_total{error="quota_exceeded"}')).toBe(2);
    expect(samples.get('konferenco_attachment_links_total')).toBeGreaterThan(2);
  });
});

describe('a link', () => {
  // proves AT-16, AT-17
  test('gives a picture to be shown and everything else to be saved, and nothing in it runs', async () => {
    const page = new TextEncoder().encode('<html><script>alert(1)</script></html>');
    const cases = [
      [PNG, 'image/png', 'inline', 'image/png'],
      [page, 'text/html', 'attachment', 'application/octet-stream'],
      [SVG, 'image/svg+xml', 'attachment', 'application/octet-stream'],
      [page, 'video/mp4', 'inline', 'video/mp4'],
    ] as const;
    for (const [bytes, type, disposition, servedType] of cases) {
      const file = await mere.upload('ch:general', bytes, { name: 'ā "x".svg', type });
      const { url } = (await mere.link(file.id)).data;
      const answer = await fetch(url);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-type')).toBe(servedType);
      expect(answer.headers.get('content-disposition')).toBe(
        `${disposition}; filename="_ 'x'.svg"; filename*=UTF-8''%C4%81%20%27x%27.svg`,
      );
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(answer.headers.get('content-security-policy')).toStartWith('sandbox');
      expect(answer.headers.get('cache-control')).toBe('private, max-age=300');
      expect(Buffer.from(await answer.bytes()).equals(bytes)).toBe(true);
    }
  });

  // proves AT-16
  test('gives parts, answers what it has, and knows no other address', async () => {
    const file = await mere.upload('ch:general', bytesOf(1000));
    const { url } = (await mere.link(file.id)).data;
    const get = (headers: Record<string, string>, method = 'GET') => fetch(url, { method, headers });
    expect((await get({ range: 'bytes=990-2000' })).headers.get('content-range')).toBe('bytes 990-999/1000');
    expect(await (await get({ range: 'bytes=-10' })).bytes()).toEqual(bytesOf(1000).slice(-10));
    expect((await get({ range: 'bytes=1000-' })).status).toBe(416);
    expect((await get({ range: 'bytes=0-1,5-6' })).status).toBe(200);
    const head = await get({}, 'HEAD');
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '1000']);
    const etag = head.headers.get('etag') ?? '';
    expect((await get({ 'if-none-match': etag })).status).toBe(304);
    expect((await get({ range: 'bytes=0-1', 'if-range': '"other"' })).status).toBe(200);
    const forged = new URL(url);
    for (const [name, value] of [
      ['until', '99999999999'],
      ['type', 'text/html'],
      ['disposition', 'inline'],
      ['mac', ''],
    ] as const) {
      const changed = new URL(forged);
      changed.searchParams.set(name, value);
      expect((await fetch(changed)).status).toBe(403);
    }
    expect((await fetch(url.replace(file.id, '019aa4f0-0000-7000-8000-000000000009'))).status).toBe(403);
    expect((await fetch(`${server.httpUrl}/api/objects/..%2f..%2fkeys`)).status).toBe(403);
  });

  // proves AT-14
  test('that nobody reads to its end holds no more than pieces of it', async () => {
    const file = await mere.upload('ch:general', bytesOf(11_000_000));
    const { url } = (await mere.link(file.id)).data;
    const before = (await server.getMetrics()).samples.get('konferenco_attachment_bytes_total{direction="out"}') ?? 0;
    const reader = (await fetch(url)).body?.getReader();
    await reader?.read();
    await reader?.cancel();
    const after = (await server.getMetrics()).samples.get('konferenco_attachment_bytes_total{direction="out"}') ?? 0;
    expect(after - before).toBeLessThan(11_000_000);
  });
});

/** One pixel. */
const PNG = Uint8Array.from(
  Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  ),
);
const SVG = new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>');

/** Announces a chunk, sends a little of it and stops. */
async function halfAChunk(port: number, path: string, user: string, size: number): Promise<{ end(): void }> {
  const socket = await Bun.connect({ hostname: '127.0.0.1', port, socket: { data() {} } });
  const head = [`PUT ${path} HTTP/1.1`, 'Host: 127.0.0.1', `Authorization: Bearer ${user}`, `Content-Length: ${size}`];
  socket.write(`${[...head, '', ''].join('\r\n')}${'x'.repeat(1000)}`);
  return socket;
}
