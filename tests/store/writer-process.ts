import { writeSync } from 'node:fs';
import { openEmbeddedStore } from '../../packages/server/src/adapters/embedded/store.ts';

/**
 * A process that writes until it is killed: `bun writer-process.ts <dir> <writers> <stop after n commits, or 0>`.
 * Prints `epoch <epoch>` when open, then one line `<log> <offset> <id>` for each acknowledged commit, written at once.
 */
const [dir = '', writers = '1', stopAfter = '0'] = process.argv.slice(2);
const store = await openEmbeddedStore({ dir, inspectAfterMs: null });
writeSync(1, `epoch ${store.epoch}\n`);
let acknowledged = 0;

async function write(writer: number): Promise<void> {
  const limit = Number(stopAfter);
  while (limit === 0 || acknowledged < limit) {
    const id = Bun.randomUUIDv7();
    const envelope = JSON.stringify({ id, text: `from writer ${writer} `.repeat(12) });
    const append = {
      log: `ch:${writer % 7}`,
      id,
      sender: `w${writer}`,
      envelope,
      expires_at: Date.now() + 86_400_000,
      text: `writer ${writer}`,
    };
    const [outcome] = await store.commit([{ appends: [append] }]);
    if (outcome?.kind !== 'committed') throw new Error(`a commit came to ${outcome?.kind}`);
    acknowledged++;
    writeSync(1, `${append.log} ${outcome.positions[0]?.offset} ${id}\n`);
  }
}

await Promise.all(Array.from({ length: Number(writers) }, (_, writer) => write(writer)));
await store.close();
