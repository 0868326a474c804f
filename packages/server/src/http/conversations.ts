import {
  channelLog,
  type ConversationInfo,
  directLog,
  type Item,
  type LogName,
  type LogState,
} from '@konferenco/protocol';
import { getChannel } from '../accounts/channels.ts';
import type { Context } from '../accounts/context.ts';
import type { Paged } from '../accounts/membership.ts';
import { getProfile } from '../accounts/people.ts';
import { DIRECTS, lastPart, listPage, MUTES, READS, read, recordKey, USER_CHANNELS } from '../accounts/records.ts';
import { Refused } from '../accounts/refused.ts';
import type { Handlers, HttpDeps } from './handler.ts';
import { itemOf } from './items.ts';

const DEFAULT_LIMIT = 50;
const MAX_ITEM_BYTES = 65_536;
/** Entries looked through for the newest message. */
const LOOK_BACK = 10;
const AMENDMENTS: ReadonlySet<string> = new Set(['reaction', 'edit', 'delete']);

/** The list of what somebody takes part in: joined channels first, then direct conversations, each by id. */
export function conversationHandlers({ context }: HttpDeps): Handlers<'conversations'> {
  return {
    async conversations({ identity: { user }, query }) {
      const { after, limit = DEFAULT_LIMIT } = query;
      const page = await entriesAfter(context, user, { after, limit });
      const logs = page.items.map((entry) => entry.log);
      const states = logs.length === 0 ? [] : await context.store.states(logs);
      const blocks = await context.directory.blocksOf(user);
      const items = await Promise.all(
        page.items.map((entry, index) => {
          const state = states[index] ?? { first: 0, head: 0 };
          return describe(context, { user, entry, state, hidden: blocks.either });
        }),
      );
      return { ...page, items: items.filter((item) => item !== null) };
    },
  };
}

type Entry = { readonly log: LogName } & ({ readonly channel: string } | { readonly peer: string });

/** Cursors are `ch/ID` and `dm/USER`: the last entry of the page before. */
async function entriesAfter(
  { store }: Context,
  user: string,
  { after, limit }: { readonly after: string | undefined; readonly limit: number },
): Promise<Paged<Entry>> {
  const [kind, id] = after === undefined ? ['ch', undefined] : splitCursor(after);
  const rest = id === undefined ? {} : { after: recordKey(user, id) };
  const channels = kind === 'ch' ? await listPage(store, USER_CHANNELS, `${user}/`, { limit, ...rest }) : [];
  const room = limit - channels.length;
  const directs =
    room > 0 ? await listPage(store, DIRECTS, `${user}/`, { limit: room, ...(kind === 'dm' ? rest : {}) }) : [];
  const ids = {
    channels: channels.map(({ key }) => lastPart(key)),
    directs: directs.map(({ key }) => lastPart(key)),
  };
  const items: Entry[] = [
    ...ids.channels.map((channel) => ({ log: channelLog(channel), channel })),
    ...ids.directs.map((peer) => ({ log: directLog(user, peer), peer })),
  ];
  if (items.length < limit) return { items };
  const last = ids.directs.at(-1);
  return { items, next: last === undefined ? `ch/${ids.channels.at(-1)}` : `dm/${last}` };
}

function splitCursor(cursor: string): [kind: 'ch' | 'dm', id: string] {
  const [kind, id, rest] = cursor.split('/');
  if ((kind !== 'ch' && kind !== 'dm') || !id || rest !== undefined) throw new Refused('invalid', { detail: 'after' });
  return [kind, id];
}

interface Line {
  readonly user: string;
  readonly entry: Entry;
  readonly state: LogState;
  /** People whose messages are not shown. */
  readonly hidden: ReadonlySet<string>;
}

/** `null` when it is not for this person any more: left behind by a ban, a removal or a block. */
async function describe(context: Context, { user, entry, state, hidden }: Line): Promise<ConversationInfo | null> {
  const { log } = entry;
  if ('peer' in entry && hidden.has(entry.peer)) return null;
  if ((await context.directory.mayRead(user, log)) !== 'ok') return null;
  const [mark, muted, last, other] = await Promise.all([
    readMark(context, user, log),
    read(context.store, MUTES, recordKey(user, log)),
    lastItem(context, log, hidden),
    'peer' in entry
      ? peerOf(context, user, entry.peer)
      : getChannel(context, entry.channel, user).then((channel) => ({ channel })),
  ]);
  return { log, state, read: mark, muted: muted.value !== null, ...(last ? { last } : {}), ...other };
}

async function peerOf(context: Context, user: string, peer: string) {
  const person = await context.directory.user(peer);
  return {
    peer: person ? await getProfile(context, peer) : { id: peer, name: peer },
    peer_read: await readMark(context, peer, directLog(user, peer)),
  };
}

async function readMark({ store }: Context, user: string, log: LogName): Promise<number> {
  return (await read(store, READS, recordKey(user, log))).value?.offset ?? 0;
}

/** The newest message that says something; reactions and corrections change older ones. */
async function lastItem({ store }: Context, log: LogName, hidden: ReadonlySet<string>): Promise<Item | null> {
  const page = await store.read(log, { limit: LOOK_BACK, max_bytes: MAX_ITEM_BYTES });
  const items = page.entries.filter(({ sender }) => !hidden.has(sender)).map(itemOf);
  return items.findLast(({ envelope }) => envelope && !AMENDMENTS.has(envelope.subtype)) ?? null;
}
