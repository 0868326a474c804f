import { expect, test } from 'bun:test';
import type { Attachment } from '@konferenco/protocol';
import { VirtualClock } from '../testing/virtual-clock.ts';
import type { Client } from '../types.ts';
import { memoryFileStore } from './memory-file-store.ts';
import { openAttachments } from './open-attachments.ts';

const BYTES = 400;

function attachment(id: string, type = 'image/png'): Attachment {
  return { id, name: `${id}.bin`, type, size: BYTES };
}

/** A server whose addresses count up, and what was fetched from them. */
async function opened() {
  const clock = new VirtualClock();
  const fetched: string[] = [];
  const served = { status: 200, bytes: BYTES };
  let links = 0;
  const rest = async (_: string, { params }: { params: { attachment: string } }) => ({
    url: `http://files.test/${params.attachment}?${++links}`,
    expires_at: clock.now() + 300_000,
  });
  const client = { me: { id: 'mere', name: 'Mere' }, link: { kind: 'online' }, rest, on: () => () => {} };
  const fetch = async (url: string) => {
    fetched.push(url.slice(18));
    return new Response(new Uint8Array(served.bytes), { status: served.status });
  };
  const files = memoryFileStore();
  const attachments = await openAttachments({
    client: client as unknown as Client,
    files,
    limits: { kept: 1_000 },
    environment: { now: clock.now, fetch },
  });
  return { attachments, fetched, served, files, clock };
}

// proves CL-35
test('a file that was opened is here without a network, under no address, and tells its progress', async () => {
  const { attachments, fetched, files } = await opened();
  const progress: number[] = [];
  const first = await attachments.fetch(attachment('a'), { onProgress: (bytes) => progress.push(bytes) });
  expect([first.size, first.type, progress.at(-1)]).toEqual([BYTES, 'image/png', BYTES]);
  expect(await attachments.has('a')).toBe(true);
  expect((await attachments.fetch(attachment('a'))).size).toBe(BYTES);
  expect(fetched).toEqual(['a?1']);
  expect(JSON.stringify(await files.records(''))).not.toContain('files.test');
});

// proves CL-35
test('kept files stay within their bound, and the least recently used leave first', async () => {
  const { attachments, clock } = await opened();
  for (const id of ['a', 'b']) {
    await attachments.fetch(attachment(id));
    await clock.pass(3_600_000);
  }
  await attachments.fetch(attachment('a'));
  await clock.pass(1);
  await attachments.fetch(attachment('c'));
  const has = await Promise.all(['a', 'b', 'c'].map((id) => attachments.has(id)));
  expect(has).toEqual([true, false, true]);
  expect((await attachments.usage()).kept).toBe(2 * BYTES);
  await attachments.clearKept();
  expect((await attachments.usage()).kept).toBe(0);
});

// proves CL-36
test('a file that a browser would run is given without its type', async () => {
  const { attachments } = await opened();
  for (const type of ['text/html', 'image/svg+xml', 'application/xhtml+xml']) {
    expect((await attachments.fetch(attachment(type, type))).type).toBe('application/octet-stream');
    expect((await attachments.fetch(attachment(type, type))).type).toBe('application/octet-stream');
  }
});

test('a file that is gone, and one that broke off, are no files', async () => {
  const { attachments, served } = await opened();
  served.status = 404;
  await expect(attachments.fetch(attachment('a'))).rejects.toMatchObject({ error: 'not_found' });
  Object.assign(served, { status: 200, bytes: BYTES - 1 });
  await expect(attachments.fetch(attachment('a'))).rejects.toMatchObject({ error: 'disconnected' });
  expect(await attachments.has('a')).toBe(false);
});
