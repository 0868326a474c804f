import { afterAll, beforeAll, expect, test } from 'bun:test';
import { type Client, createClient, type Message, memoryTokens } from '@konferenco/client';
import { type Attachments, memoryFileStore, openAttachments } from '@konferenco/client/attachments';
import { memoryStore } from '@konferenco/client/storage';
import { TestServer } from '@konferenco/testkit';
import { Link } from '../e2e/link.ts';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({ rateLimits: false, env: { KONFERENCO_ATTACHMENT_BYTES: '6000000' } });
});
afterAll(() => server.stop());

const BYTES = Uint8Array.from({ length: 5_000_000 }, (_, index) => (index * 7 + (index >> 9)) % 256);
const sha256 = (bytes: Uint8Array) => new Bun.CryptoHasher('sha256').update(bytes).digest('hex');

async function signedIn(name: string, url: string): Promise<Client> {
  const client = createClient({ url });
  await client.signIn({ name });
  await client.connect();
  return client;
}

/** Resolves when `state` is true of what is on its way. */
function when(attachments: Attachments, isSo: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (!isSo()) return;
      stop();
      resolve();
    };
    const stop = attachments.outgoing.subscribe(look);
    queueMicrotask(look);
  });
}

/** Messages of the conversation that carry files, once there is one. */
async function withFiles(client: Client): Promise<readonly Message[]> {
  const korero = client.channel('korero');
  await korero.open();
  const found = () =>
    korero.state().timeline.filter((entry): entry is Message => entry.kind === 'message' && !!entry.attachments);
  while (found().length === 0) await new Promise<void>((resolve) => void korero.subscribe(resolve));
  return found();
}

// proves CL-33, CL-35
test('a file cut off between its parts, by a program that ends, arrives once and whole', async () => {
  const link = await Link.to(server.port);
  const url = `http://127.0.0.1:${link.port}`;
  const kept = { tokens: memoryTokens(), store: memoryStore() };
  const files = memoryFileStore();
  const first = createClient({ url, ...kept });
  await first.signIn({ name: 'Aroha' });
  await first.connect();
  await first.rest('join', { params: { channel: 'korero' } });
  const before = await openAttachments({ client: first, files });
  const file = new File([BYTES], 'talk.bin');
  const { id } = await before.send(first.channel('korero'), [file], { text: 'The whole talk' });
  const sent = () => before.outgoing.state()[0]?.files[0]?.sent ?? 0;
  await when(before, () => sent() > 0);
  link.cut();
  expect(sent()).toBeLessThan(BYTES.length);
  await when(before, () => before.outgoing.state()[0]?.state.kind === 'waiting');
  await before.close();
  await first.close();

  link.mend();
  const again = createClient({ url, ...kept });
  await again.restore();
  await again.connect();
  const attachments = await openAttachments({ client: again, files });
  await when(attachments, () => attachments.outgoing.state().length === 0);

  const reader = await signedIn('Tama', server.httpUrl);
  const messages = await withFiles(reader);
  expect(messages.map((message) => [message.id, message.text])).toEqual([[id, 'The whole talk']]);
  const [carried] = messages[0]?.attachments ?? [];
  expect(carried).toMatchObject({ name: 'talk.bin', size: BYTES.length, sha256: sha256(BYTES) });
  const theirs = await openAttachments({ client: reader, files: memoryFileStore() });
  if (!carried) throw new Error('the message carries nothing');
  expect(sha256(new Uint8Array(await (await theirs.fetch(carried)).arrayBuffer()))).toBe(sha256(BYTES));
  expect(await attachments.has(carried.id)).toBe(true);
  for (const one of [attachments, theirs]) await one.close();
  for (const one of [again, reader]) await one.close();
  link.close();
});

test('what the server refuses is told with its name, and is not sent', async () => {
  const client = await signedIn('Hone', server.httpUrl);
  await client.rest('join', { params: { channel: 'korero' } });
  const attachments = await openAttachments({ client, files: memoryFileStore() });
  const korero = client.channel('korero');
  // Nothing is known of the server's rules yet: it refuses by itself.
  const { id } = await attachments.send(korero, [new File([new Uint8Array(6_000_001)], 'film.mp4')]);
  await when(attachments, () => attachments.outgoing.state()[0]?.state.kind === 'failed');
  expect(attachments.outgoing.state()[0]?.state).toMatchObject({ error: { error: 'upload_too_large' } });
  await attachments.cancel(id);
  expect((await attachments.rules())?.max_bytes).toBe(6_000_000);
  const known = attachments.send(korero, [new File([new Uint8Array(6_000_001)], 'film.mp4')]);
  await expect(known).rejects.toMatchObject({ error: 'upload_too_large' });
  // No picture, whatever it is called.
  await attachments.send(korero, [new File(['<script>'], 'cat.png', { type: 'image/png' })]);
  await when(attachments, () => attachments.outgoing.state()[0]?.state.kind === 'failed');
  expect(attachments.outgoing.state()[0]?.state).toMatchObject({ error: { error: 'upload_type_refused' } });
  await attachments.close();
  await client.close();
});
