import type { Range } from '@konferenco/core';
import { parseLogName } from '@konferenco/protocol';
import { Refused } from '../accounts/refused.ts';
import type { Handlers, HttpDeps } from './handler.ts';
import { inboxItemOf, itemOf } from './items.ts';

const DEFAULT_LIMIT = 50;
const MAX_BYTES = 1_048_576;

/** Pages of a log, for those who cannot hold a socket open. */
export function historyHandlers({ context: { directory, store } }: HttpDeps): Handlers<'history'> {
  return {
    async history({ identity, params: { log }, query }) {
      const { after, before, limit = DEFAULT_LIMIT } = query;
      if (after !== undefined && before !== undefined) {
        throw new Refused('invalid', { detail: 'after and before exclude each other' });
      }
      const decision = await directory.mayRead(identity.user, log);
      if (decision !== 'ok') throw new Refused(decision);
      const range: Range = {
        limit,
        max_bytes: MAX_BYTES,
        ...(after === undefined ? {} : { after }),
        ...(before === undefined ? {} : { before }),
      };
      const address = parseLogName(log);
      const inbox = address?.kind === 'inbox';
      const { first, head, has_more, gap, items } = inbox
        ? await store.readInbox(address.user, range).then((page) => ({ ...page, items: page.entries.map(inboxItemOf) }))
        : await store.read(log, range).then((page) => ({ ...page, items: page.entries.map(itemOf) }));
      return { log, items, first, head, has_more, ...(gap ? { gap } : {}) };
    },
  };
}
