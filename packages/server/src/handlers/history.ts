import type { Range } from '@konferenco/core';
import { type ClientFrameOf, LIMITS, parseLogName } from '@konferenco/protocol';
import { inboxItemJson, storedItemJson } from '../fanout/encode.ts';
import type { Connection } from '../gateway/connection.ts';
import { refuse, reply } from '../gateway/outgoing.ts';
import type { Services } from './services.ts';

/** Envelope bytes of one page: leaves room for what stands around them within a frame. */
const PAGE_BYTES = 48 * 1024;

/** A page of a log that the user may read. One at a time for each connection: a slow reader waits for itself alone. */
export async function handleHistory(
  services: Services,
  connection: Connection,
  frame: ClientFrameOf<'history'>,
): Promise<void> {
  const decision = await services.access.mayRead(connection.user, frame.log);
  if (decision !== 'ok') {
    services.metrics.refusals.inc({ error: decision });
    return refuse(connection, { ref: frame.ref, error: decision });
  }
  const data = await page(services, frame).catch(() => null);
  if (data === null) refuse(connection, { ref: frame.ref, error: 'store_unavailable' });
  else if (!reply(connection, frame.ref, data, services.sendBuffer))
    connection.socket.close(4001, 'too many replies wait');
}

async function page(
  services: Services,
  { log, after, before, thread, limit = LIMITS.page }: ClientFrameOf<'history'>,
): Promise<string> {
  const range: Range = {
    limit,
    max_bytes: PAGE_BYTES,
    ...(after === undefined ? {} : { after }),
    ...(before === undefined || after !== undefined ? {} : { before }),
    ...(thread === undefined ? {} : { thread }),
  };
  const address = parseLogName(log);
  if (address?.kind === 'inbox') {
    const found = await services.store.readInbox(address.user, range);
    return pageJson(log, found, found.entries.map(inboxItemJson));
  }
  const found = await services.store.read(log, range);
  return pageJson(log, found, found.entries.map(storedItemJson));
}

function pageJson(
  log: string,
  { first, head, has_more, gap }: { first: number; head: number; has_more: boolean; gap?: unknown },
  items: readonly string[],
): string {
  const rest = JSON.stringify({ first, head, has_more, gap }).slice(1);
  return `{"log":"${log}","items":[${items.join(',')}],${rest}`;
}
