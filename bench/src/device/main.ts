/**
 * A device with the SDK and a SQLite store, one program's life: `main.ts ADDRESS FOLDER CHANNEL HEAD fill|return`.
 * `fill` loads the whole channel into the store; `return` opens what is kept, connects and catches up to `HEAD`.
 * Prints one line of JSON.
 */

import { createClient } from '@konferenco/client';
import { bunSqliteBackend } from '@konferenco/client/sqlite-bun';

export interface Returned {
  /** From the start of reading the store to the conversation's first page (ms). */
  readonly first_page: number;
  /** From the begin of connecting to the last entry that was missed (ms). */
  readonly caught_up: number;
  /** Entries kept in the store, and resident memory (bytes). */
  readonly kept: number;
  readonly resident: number;
  /** Entries that were told on the way. */
  readonly told: number;
}

async function main([address = '', folder = '', channel = '', head = '0', phase]: readonly string[]): Promise<void> {
  const store = await bunSqliteBackend(folder).open({ url: address, user: 'returning' });
  const client = createClient({
    url: address,
    demoUser: 'returning',
    device_id: 'bench',
    store,
    keep: { entries: 1_000_000, bytes: 1e10 },
  });
  const conversation = client.channel(channel);
  if (phase === 'fill') {
    await client.connect();
    await conversation.open();
    while (conversation.state().has_older) await conversation.loadOlder();
    const { entries } = await client.usage();
    await client.close();
    process.stdout.write(`${JSON.stringify({ kept: entries })}\n`);
  } else {
    const started = performance.now();
    await client.restore();
    await conversation.open();
    const first_page = performance.now() - started;
    let told = 0;
    const last = Promise.withResolvers<void>();
    client.on('message', ({ item }) => {
      told++;
      if (item.offset === Number(head)) last.resolve();
    });
    const connecting = performance.now();
    await client.connect();
    await last.promise;
    const caught_up = performance.now() - connecting;
    const resident = process.memoryUsage.rss();
    await client.close();
    const kept = (await client.usage()).entries;
    process.stdout.write(`${JSON.stringify({ first_page, caught_up, kept, resident, told } satisfies Returned)}\n`);
  }
  await store.close();
}

await main(process.argv.slice(2));
