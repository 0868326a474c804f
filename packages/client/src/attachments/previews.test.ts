import { describe, expect, test } from 'bun:test';
import { type Attachment, LIMITS, TAXONOMY } from '@konferenco/protocol';
import { serverError } from '../server-errors.ts';
import { UploadServer } from '../testing/upload-server.ts';
import { settle, VirtualClock } from '../testing/virtual-clock.ts';
import type { Client } from '../types.ts';
import { memoryFileStore } from './memory-file-store.ts';
import { openAttachments } from './open-attachments.ts';

const photo = (name = 'hill.jpg') => new File([new Uint8Array(5_000).fill(3)], name, { type: 'image/jpeg' });
const SMALL = new Uint8Array(900).fill(9);
const preview = new Blob([SMALL], { type: 'image/webp' });

async function world() {
  const server = new UploadServer();
  const clock = new VirtualClock();
  const files = memoryFileStore();
  const client = server.client();
  const attachments = await openAttachments({ client, files, environment: { now: clock.now, after: clock.after } });
  return { server, files, attachments, hall: client.channel('hall') };
}

describe('a picture with a preview', () => {
  // proves CL-37
  test('carries it, its words and its colour, and both are here without a network afterwards', async () => {
    const { server, attachments, hall } = await world();
    const said = { file: photo(), preview, alt: ' The hill behind the marae ', tint: '0b6b5d' };
    const { stored } = await attachments.send(hall, [said], { text: 'Up there' });
    await stored;
    const [sent] = server.sent[0]?.options.attachments ?? [];
    expect(sent).toMatchObject({ preview: true, alt: 'The hill behind the marae', tint: '0b6b5d' });
    expect([...server.uploads.values()][0]?.preview).toEqual(SMALL);
    expect(server.calls.filter((route) => route === 'putPreview').length).toBe(1);
    server.isOnline = false;
    expect(new Uint8Array(await (await attachments.preview(sent as Attachment)).arrayBuffer())).toEqual(SMALL);
    expect((await attachments.usage()).outgoing).toBe(0);
  });

  // proves CL-37
  test('gets it over a link that was lost just then, and goes without where the server refuses it', async () => {
    const { server, attachments, hall } = await world();
    let tries = 0;
    server.before = (route) => {
      if (route === 'putPreview' && ++tries === 1) server.isOnline = false;
    };
    const { stored } = await attachments.send(hall, [{ file: photo(), preview }]);
    while (attachments.outgoing.state()[0]?.state.kind !== 'waiting') await settle();
    await server.turn(true);
    await stored;
    expect(server.sent[0]?.options.attachments).toMatchObject([{ preview: true }]);
    server.before = (route) => {
      if (route === 'putPreview') throw serverError('not_found');
    };
    await (await attachments.send(hall, [{ file: photo(), preview }])).stored;
    expect(server.sent[1]?.options.attachments?.[0]).not.toHaveProperty('preview');
  });

  // proves CL-38
  test('leaves hashes out of a message that is too long with them, and words that no message holds are refused at once', async () => {
    const { server, attachments, hall } = await world();
    const many = (alt: string) =>
      Array.from({ length: LIMITS.attachments }, (_, n) => ({
        ...{ file: photo(`${n}${'ā'.repeat(50)}.jpg`), preview, alt, tint: 'ffffff' },
      }));
    await (await attachments.send(hall, many(''), { text: 'x'.repeat(1_000) })).stored;
    const { text = '', options } = server.sent[0] ?? {};
    expect(options?.attachments?.some((one) => 'sha256' in one)).toBe(false);
    expect(options?.attachments?.every(({ tint }) => tint === 'ffffff')).toBe(true);
    const bytes = new TextEncoder().encode(JSON.stringify({ text, attachments: options?.attachments })).length;
    expect(bytes).toBeLessThan(TAXONOMY.chat.channel_message.max_bytes);
    server.calls.length = 0;
    await expect(attachments.send(hall, many('ā'.repeat(200)))).rejects.toMatchObject({ error: 'too_large' });
    expect(server.calls).toEqual([]);
    expect(attachments.outgoing.state()).toEqual([]);
  });
});

// proves CL-37
test('the preview of another person’s picture comes with one request, and is kept', async () => {
  const asked: string[] = [];
  const rest = async (route: string) => {
    asked.push(route);
    return { type: 'image/webp', bytes: Buffer.from(SMALL).toString('base64') };
  };
  const client = { me: { id: 'mere', name: 'Mere' }, link: { kind: 'online' }, rest, on: () => () => {} };
  const attachments = await openAttachments({ client: client as unknown as Client, files: memoryFileStore() });
  const picture: Attachment = { id: 'a', name: 'a.jpg', type: 'image/jpeg', size: 5_000, preview: true };
  for (let times = 0; times < 2; times++) {
    const blob = await attachments.preview(picture);
    expect([blob.type, new Uint8Array(await blob.arrayBuffer())]).toEqual(['image/webp', SMALL]);
  }
  expect(asked).toEqual(['preview']);
  expect(await attachments.has('a')).toBe(false);
});
