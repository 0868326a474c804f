import { join } from 'node:path';
import { entryCrc, type EntryRow } from '../checksum.ts';
import { LOG_FILE, openForReading } from './schema.ts';
import { reportingCorruption, serve } from './worker-host.ts';

/** Rows checked between two reads, so that no long read keeps the WAL from starting over. */
const CHUNK = 2_000;

/** Goes through the whole database once: SQLite's own check of its pages, then the checksum of every entry. */
serve((news) => (operation, argument) => {
  if (operation !== 'inspect') throw new Error(`the inspector does not know '${operation}'`);
  const db = openForReading(join((argument as { dir: string }).dir, LOG_FILE));
  try {
    return reportingCorruption(news, () => {
      const findings = db.query<{ integrity_check: string }, []>('PRAGMA integrity_check(10)').all();
      for (const { integrity_check: finding } of findings) {
        if (finding !== 'ok') news.damage(`integrity check: ${finding}`);
      }
      const next = db.query<EntryRow & { name: string }, [number, number]>(
        `SELECT e.seq, e.off, e.at, e.expires, e.id, e.sender, e.gone, e.thread, e.text, e.body, e.crc, l.name
         FROM entries e JOIN logs l ON l.id = e.log WHERE e.seq > ? ORDER BY e.seq LIMIT ?`,
      );
      let checked = 0;
      for (let rows = next.all(0, CHUNK); rows.length > 0; rows = next.all(rows.at(-1)?.seq ?? 0, CHUNK)) {
        for (const row of rows) {
          if (entryCrc(row.name, row) !== row.crc) news.damage(`entry ${row.off} of ${row.name} is damaged`);
        }
        checked += rows.length;
      }
      return { checked };
    });
  } finally {
    db.close();
  }
});
