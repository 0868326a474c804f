import { inboxLog, type LogName, parseLogName, personalLog } from '@konferenco/protocol';
import type { StoredEntry } from './history.ts';
import type { Happening } from './history-file.ts';
import { fingerprint } from './recorder.ts';
import { RestReader, type WholeLog } from './rest-reader.ts';

export interface FinalReadOptions {
  /** Base addresses of the nodes; logs are read from one after the other. */
  readonly urls: readonly string[];
  readonly users: readonly string[];
  /** A reader of each channel. */
  readonly channels: ReadonlyMap<LogName, string>;
}

/** How the dots begin of what servers say on their own account, such as an organiser's change of a person's channels. */
const SERVERS = 'srv~';

/** Requests at one time. */
const WIDTH = 8;

/** Reads every inbox, everybody's own log, every direct conversation that an inbox points at, and every channel. */
export async function finalRead({ urls, users, channels }: FinalReadOptions): Promise<Happening[]> {
  const readers = urls.map((url) => new RestReader(url));
  let turn = 0;
  const read = async (user: string, log: LogName): Promise<WholeLog> => {
    const reader = readers[turn++ % readers.length];
    if (!reader) throw new RangeError('there is no node to read from');
    return reader.readAll(user, log);
  };
  const found: Happening[] = [];
  const readerOf = new Map(channels);
  await pooled(users, async (user) => {
    const inbox = await read(user, inboxLog(user));
    const entries = inbox.items.map((item) => ({ inbox: item.inbox ?? 0, log: item.log ?? '', offset: item.offset }));
    readerOf.set(personalLog(user), user);
    for (const { log } of entries) if (parseLogName(log)?.kind === 'direct') readerOf.set(log, user);
    found.push({ kind: 'inbox', user, first: inbox.first, head: inbox.head, entries });
  });
  await pooled([...readerOf], async ([log, user]) => {
    const { first, head, items } = await read(user, log);
    found.push({ kind: 'stored', log, first, head, entries: items.map(storedEntry) });
  });
  return found;
}

function storedEntry({ offset, envelope, id }: WholeLog['items'][number]): StoredEntry {
  if (!envelope) return { offset, id: id ?? '', sender: '', body: '', gone: true };
  const { dot } = envelope.payload as { readonly dot?: unknown };
  const system = typeof dot === 'string' && dot.startsWith(SERVERS) ? ({ system: true } as const) : {};
  return { offset, id: envelope.id, sender: envelope.from.user_id, body: fingerprint(envelope), ...system };
}

/** Runs `work` over all items, some at a time. */
export async function pooled<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = items.values();
  const worker = async () => {
    for (const item of waiting) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(WIDTH, items.length) }, worker));
}
