import type { Database } from 'bun:sqlite';
import { join } from 'node:path';
import type { UpkeepRequests } from './messages.ts';
import { isDiskFull, LOG_FILE, numberOf, openForWriting } from './schema.ts';
import { reportingCorruption, serve } from './worker-host.ts';

serve((news) => {
  let db: Database | null = null;
  let pageSize = 0;

  function checkpoint(open: Database): UpkeepRequests['checkpoint']['reply'] {
    try {
      const result = open.query<{ log: number; checkpointed: number }, []>('PRAGMA wal_checkpoint(PASSIVE)').get();
      const frames = Math.max(0, result?.log ?? 0);
      return { wal_bytes: frames * pageSize, left_bytes: (frames - Math.max(0, result?.checkpointed ?? 0)) * pageSize };
    } catch (error) {
      // The WAL still has everything; once there is room, the next try copies it.
      if (isDiskFull(error)) return null;
      throw error;
    }
  }

  return (operation, argument) => {
    if (operation === 'open') {
      db = openForWriting(join((argument as UpkeepRequests['open']['request']).dir, LOG_FILE));
      pageSize = numberOf(db, 'PRAGMA page_size');
      return null;
    }
    if (operation === 'close') {
      db?.close();
      db = null;
      return null;
    }
    const open = db;
    if (!open || operation !== 'checkpoint') throw new Error(`upkeep cannot do '${operation}' now`);
    return reportingCorruption(news, () => checkpoint(open));
  };
});
