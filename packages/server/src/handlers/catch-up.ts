import { inboxLog, LIMITS, type LogName } from '@konferenco/protocol';
import { inboxItemJson, storedItemJson } from '../fanout/encode.ts';
import type { Connection } from '../gateway/connection.ts';
import { sendFrame, sendLive } from '../gateway/outgoing.ts';
import type { Services } from './services.ts';

/** Envelope bytes sent at the most: leaves room for what stands around them within a frame. */
const CATCH_UP_BYTES = 48 * 1024;

/**
 * Sends the entries of `log` after the position a client has. More than one page, or a hole in the log, is the client's
 * to fetch: it is told `resync`. So it is when the store cannot be read now.
 */
export async function catchUp(services: Services, connection: Connection, log: LogName, after: number): Promise<void> {
  const range = { after, limit: LIMITS.page, max_bytes: CATCH_UP_BYTES };
  const page = await services.store.read(log, range).catch(() => null);
  if (page === null || page.gap || page.has_more) return sendFrame(connection, { type: 'resync', log });
  if (page.entries.length === 0) return;
  const items = page.entries.map(storedItemJson).join(',');
  sendLive(connection, log, `{"type":"message","log":"${log}","items":[${items}]}`, services.clock.now());
}

/** The same for the user's own inbox. */
export async function catchUpInbox(services: Services, connection: Connection, after: number): Promise<void> {
  const log = inboxLog(connection.user);
  const range = { after, limit: LIMITS.page, max_bytes: CATCH_UP_BYTES };
  const page = await services.store.readInbox(connection.user, range).catch(() => null);
  if (page === null || page.gap || page.has_more) return sendFrame(connection, { type: 'resync', log });
  if (page.entries.length === 0) return;
  const items = page.entries.map(inboxItemJson).join(',');
  sendLive(connection, log, `{"type":"inbox","items":[${items}]}`, services.clock.now());
}
