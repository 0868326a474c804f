import { writeSync } from 'node:fs';
import { openLocalStore } from '@konferenco/client/storage';
import { bunSqliteBackend } from '@konferenco/client/sqlite-bun';

/**
 * A process that writes until it is killed: `bun writer-process.ts <folder> <first number>`. Each write is one entry in
 * `outbox` and its number in `meta`; prints the number, written at once, when the write resolved.
 */
const [folder = '', first = '0'] = process.argv.slice(2);
const { store, notice } = await openLocalStore({
  url: 'http://server.test',
  user: 'mere',
  backend: bunSqliteBackend(folder),
});
if (notice) throw new Error(`the store opened with a notice: ${notice.kind}`);
for (let n = Number(first); ; n++) {
  const key = String(n).padStart(8, '0');
  await store.write([
    { table: 'outbox', key, value: { id: key, text: 'kia ora '.repeat(20) } },
    { table: 'meta', key: 'last', value: n },
  ]);
  writeSync(1, `${n}\n`);
}
