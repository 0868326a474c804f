import { attendanceState, type DocumentState, type Store, versionAt } from '@konferenco/core';
import type { PNCounterState } from '@konferenco/crdt';
import { LIMITS, type SyncDocument } from '@konferenco/protocol';
import type { Context } from '../accounts/context.ts';
import { lastPart, listAll, listPage, read } from '../accounts/records.ts';
import { logOfScope, type Scope } from './delta.ts';
import { loadPersonal, PERSONAL_KEYS } from './personal-store.ts';
import { KEEP_MEETING_MS } from './plan-meeting.ts';
import { ATTENDANCE, MEETING_NOTES, MEETINGS, SESSION_DOCUMENTS, USER_MEETINGS } from './records.ts';

export interface Snapshot {
  readonly documents: readonly SyncDocument[];
  /** Leads to the next page; absent on the last. */
  readonly cursor?: string;
  /** As of before the first page was read. */
  readonly new_version: string;
}

/** A document on its way into a page, and what of the listing it ends. */
interface Listed {
  readonly document: SyncDocument | null;
  readonly mark: string;
}

const MAX_SESSIONS = 2_000;

/** Sorts behind every id. */
const END = '~';
const MEETING = 'meeting/';
const NOTES = 'notes/';

/**
 * One page of everything a scope holds: at most 100 documents, and no more bytes than asked for, though always one.
 * Documents may be newer than the version: what comes after it is applied again.
 *
 * @param cursor of the page before; one of another epoch begins anew.
 */
export async function readSnapshot(
  context: Context,
  scope: Scope,
  { cursor, max_bytes }: { readonly cursor: string | undefined; readonly max_bytes: number },
): Promise<Snapshot> {
  const { store } = context;
  const begun = readCursor(cursor, store.epoch) ?? { offset: await headOf(store, scope), after: '' };
  const listed = await (scope.namespace === 'schedule'
    ? scheduleDocuments(store, scope.event, begun.after)
    : personalDocuments(context, scope.user, begun.after));
  const { page, last } = cut(listed.items, max_bytes);
  const more = listed.has_more || page.length < listed.items.length;
  return {
    documents: page.flatMap(({ document }) => document ?? []),
    ...(more ? { cursor: `${begun.offset}/${store.epoch}/${last}` } : {}),
    new_version: versionAt(store.epoch, begun.offset),
  };
}

async function headOf(store: Store, scope: Scope): Promise<number> {
  const [state] = await store.states([logOfScope(scope)]);
  return state?.head ?? 0;
}

function readCursor(cursor: string | undefined, epoch: string): { offset: number; after: string } | null {
  const parts = /^(\d{1,16})\/([^/]+)\/(.*)$/.exec(cursor ?? '');
  return parts && parts[2] === epoch ? { offset: Number(parts[1]), after: parts[3] ?? '' } : null;
}

function cut(items: readonly Listed[], max_bytes: number): { readonly page: readonly Listed[]; readonly last: string } {
  let bytes = 0;
  const page: Listed[] = [];
  for (const item of items) {
    bytes += item.document ? Buffer.byteLength(JSON.stringify(item.document)) : 0;
    if (page.length > 0 && bytes > max_bytes) break;
    page.push(item);
  }
  return { page, last: page.at(-1)?.mark ?? '' };
}

interface Listing {
  readonly items: readonly Listed[];
  readonly has_more: boolean;
}

/** Sessions by id, then everybody's attendance as one document. */
async function scheduleDocuments(store: Store, event: string, after: string): Promise<Listing> {
  const limit = LIMITS.page;
  const rows = await listPage(store, SESSION_DOCUMENTS, `${event}/`, {
    limit,
    ...(after === '' ? {} : { after: `${event}/${after}` }),
  });
  const sessions = rows.map(({ key, value }): Listed => {
    const session = lastPart(key);
    return { document: { key: `session/${session}`, state: value }, mark: session };
  });
  if (rows.length === limit) return { items: sessions, has_more: true };
  const counts = await listAll(store, ATTENDANCE, `${event}/`, MAX_SESSIONS);
  const counters = Object.fromEntries(counts.map(({ key, value }): [string, PNCounterState] => [lastPart(key), value]));
  const attendance: SyncDocument = { key: 'attendance', state: attendanceState(counters) };
  return { items: [...sessions, { document: attendance, mark: END }], has_more: false };
}

/** Sets and fields, then meetings, then their minutes. A meeting that ended long ago is left out. */
async function personalDocuments(context: Context, user: string, after: string): Promise<Listing> {
  const { store } = context;
  const items: Listed[] = [];
  if (!after.startsWith(MEETING) && !after.startsWith(NOTES)) {
    const keys = PERSONAL_KEYS.filter((key) => key > after);
    items.push(...(await Promise.all(keys.map((key) => personal(context, user, key)))));
  }
  if (!after.startsWith(NOTES)) {
    const meetings = await ofMeetings(
      context,
      user,
      { prefix: MEETING, after, room: LIMITS.page - items.length },
      (id) => read(store, MEETINGS, id),
    );
    items.push(...meetings.items);
    if (meetings.has_more) return { items, has_more: true };
  }
  const room = LIMITS.page - items.length;
  if (room === 0) return { items, has_more: true };
  const notes = await ofMeetings(context, user, { prefix: NOTES, after, room }, (id) => read(store, MEETING_NOTES, id));
  return { items: [...items, ...notes.items], has_more: notes.has_more };
}

/** One document of each of a person's meetings, as far as there is room. */
async function ofMeetings(
  { store, clock }: Context,
  user: string,
  { prefix, after, room }: { readonly prefix: string; readonly after: string; readonly room: number },
  load: (id: string) => Promise<{ readonly value: DocumentState | null }>,
): Promise<Listing> {
  const begun = after.startsWith(prefix) ? { after: `${user}/${after.slice(prefix.length)}` } : {};
  const rows = await listPage(store, USER_MEETINGS, `${user}/`, { limit: room, ...begun });
  const items = await Promise.all(
    rows.map(async ({ key, value }): Promise<Listed> => {
      const mark = `${prefix}${lastPart(key)}`;
      if (value.ends_at + KEEP_MEETING_MS < clock.now()) return { document: null, mark };
      return { document: documentOf(mark, (await load(lastPart(key))).value), mark };
    }),
  );
  return { items, has_more: rows.length === room };
}

async function personal(context: Context, user: string, key: string): Promise<Listed> {
  return { document: documentOf(key, (await loadPersonal(context, user, key)).value), mark: key };
}

function documentOf(key: string, state: DocumentState | null): SyncDocument | null {
  return state && { key, state };
}
