import { afterAll, beforeAll, expect, test } from 'bun:test';
import { type StreamEntry, StreamUnavailableError } from '@konferenco/core';
import { startNats } from '@konferenco/testkit/servers';
import { openNatsStreams } from '../../packages/server/src/adapters/nats/streams.ts';
import { ForeignClient } from './foreign.ts';
import { contents, natsOptions } from './support.ts';

let server: Awaited<ReturnType<typeof startNats>>;
beforeAll(async () => {
  server = await startNats();
});
afterAll(() => server.stop());

/** Entries `from` to `to`, both included. */
function entries(from: number, to: number): StreamEntry[] {
  return Array.from({ length: to - from + 1 }, (_, i) => {
    const at = { offset: from + i, at: 1, id: `id-${from + i}`, sender: 'ann', envelope: '{}' };
    return { stream: 'CHAT', event: '', type: 'chat', subtype: 'mention', log: 'ch:a', ...at };
  });
}

async function start() {
  const options = natsOptions(server.url);
  const [streams, stranger] = await Promise.all([openNatsStreams(options), ForeignClient.connect(server.url)]);
  const end = async () => {
    stranger.close();
    await streams.close();
  };
  const offsets = async () => (await contents(streams, 'CHAT')).map(({ offset }) => offset);
  const numbers = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
  return { options, streams, stranger, offsets, numbers, end };
}

/** Makes the server refuse what is larger than `bytes` in CHAT, -1: nothing. */
async function refuseOver(bytes: number, admin: ForeignClient, prefix = ''): Promise<void> {
  const info = await admin.request(`$JS.API.STREAM.INFO.${prefix}_CHAT`, {});
  const config = { ...(info['config'] as object), max_msg_size: bytes };
  await admin.request(`$JS.API.STREAM.UPDATE.${prefix}_CHAT`, config);
}

test('one acknowledgement answers for all messages of a page', async () => {
  const { streams, stranger, offsets, numbers, end } = await start();
  await streams.append(entries(1, 1));
  const acknowledged = await stranger.during('_INBOX.>', () => streams.append(entries(2, 200)));
  expect(acknowledged).toEqual([expect.stringMatching(/"seq":200\b/)]);
  expect(await offsets()).toEqual(numbers(200));
  await end();
});

// proves BU-12
test('a message that NATS refuses keeps back all behind it, the fault is told, and nothing is missing afterwards', async () => {
  const { options, streams, stranger, offsets, numbers, end } = await start();
  await streams.append(entries(1, 3));
  const page = entries(4, 20).map((entry) => (entry.offset === 9 ? { ...entry, envelope: 'x'.repeat(5_000) } : entry));
  await refuseOver(4_000, stranger, options.prefix);
  const refused = await streams.append(page).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(StreamUnavailableError);
  expect(String((refused as StreamUnavailableError).cause)).toContain('message size exceeds maximum');
  expect(await offsets()).toEqual(numbers(8));
  await refuseOver(-1, stranger, options.prefix);
  await streams.append(page);
  expect((await contents(streams, 'CHAT', 'others')).map(({ offset }) => offset)).toEqual(numbers(20));
  await end();
});

test('what another leader brought in meanwhile is passed over, at the beginning, in the middle and at the end of a page', async () => {
  const { options, streams, stranger, numbers, offsets, end } = await start();
  const other = await openNatsStreams(options);
  await streams.append(entries(1, 1));
  await other.append(entries(1, 3));
  // NATS recognises 2 and 3 by their ids, and 4 is taken behind 3.
  await streams.append(entries(2, 5));
  await other.append(entries(2, 9));
  // All are known, the last one among them: its acknowledgement alone does not say that all are in.
  await streams.append(entries(6, 9));
  await other.append(entries(10, 12));
  stranger.publish(`${options.prefix}.CHAT.-.chat.x.y`, 'no JSON');
  await stranger.flush();
  await streams.append(entries(10, 15));
  expect(await offsets()).toEqual(numbers(15));
  await Promise.all([other.close(), end()]);
});

test('the acknowledgement of a message that NATS had before answers for no other', async () => {
  const { options, streams, offsets, end } = await start();
  const other = await openNatsStreams(options);
  await streams.append(entries(1, 1));
  await other.append(entries(1, 4));
  await streams.append([...entries(5, 5), ...entries(3, 3)]);
  expect(await offsets()).toEqual([1, 2, 3, 4, 5]);
  await Promise.all([other.close(), end()]);
});

// proves BU-21
test('messages that strangers put between those of a page cost no message and no order', async () => {
  const { options, streams, stranger, numbers, offsets, end } = await start();
  const subject = `${options.prefix}.CHAT.-.chat.x.y`;
  for (let from = 1; from <= 5_000; from += 250) {
    const appended = insist(() => streams.append(entries(from, from + 249)));
    for (let i = 0; i < 4; i++) {
      stranger.publish(subject, '');
      await stranger.flush();
    }
    await appended;
  }
  expect(await offsets()).toEqual(numbers(5_000));
  await end();
}, 90_000);

/** Tries as the relay does: until it is done. */
async function insist(act: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof StreamUnavailableError)) throw error;
    }
  }
}
