import { channelLog, directLog, eventLog, type LogName } from '@konferenco/protocol';
import { listChannels } from '../accounts/channels.ts';
import type { Context } from '../accounts/context.ts';
import { eventsOf } from '../accounts/membership.ts';
import { DIRECTS, lastPart, listAll } from '../accounts/records.ts';
import { Refused } from '../accounts/refused.ts';
import type { Handlers, HttpDeps } from './handler.ts';
import { itemOf } from './items.ts';

const DEFAULT_LIMIT = 20;
const MAX_DIRECTS = 2_000;

/** Full-text search in what the caller may read. */
export function searchHandlers({ context }: HttpDeps): Handlers<'search'> {
  const { directory, store } = context;
  return {
    async search({ identity: { user }, query }) {
      const { q, log, after, limit = DEFAULT_LIMIT } = query;
      const logs = log === undefined ? await readableLogs(context, user) : await onlyIfReadable(context, user, log);
      const [found, blocks] = await Promise.all([
        store.search({ words: q, logs, limit, ...(after === undefined ? {} : { after }) }),
        directory.blocksOf(user),
      ]);
      const items = found.hits
        .filter(({ entry }) => entry.envelope !== null && !blocks.either.has(entry.sender))
        .map(({ log, entry, snippet }) => ({ log, item: itemOf(entry), snippet }));
      return { items, ...(found.next === undefined ? {} : { next: found.next }) };
    },
  };
}

async function onlyIfReadable({ directory }: Context, user: string, log: LogName): Promise<LogName[]> {
  const decision = await directory.mayRead(user, log);
  if (decision !== 'ok') throw new Refused(decision);
  return [log];
}

async function readableLogs(context: Context, user: string): Promise<LogName[]> {
  const events = (await eventsOf(context, user)).map(({ id }) => id);
  const [channels, directs, blocks] = await Promise.all([
    Promise.all(events.map((event) => listChannels(context, event, user))),
    listAll(context.store, DIRECTS, `${user}/`, MAX_DIRECTS),
    context.directory.blocksOf(user),
  ]);
  return [
    ...events.map(eventLog),
    ...channels.flat().map(({ id }) => channelLog(id)),
    ...directs
      .map(({ key }) => lastPart(key))
      .filter((peer) => !blocks.either.has(peer))
      .map((peer) => directLog(user, peer)),
  ];
}
